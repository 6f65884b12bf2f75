"""The crossings of the traffic story: no light switches before the ledger took the command down."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from consortia.base.codec import Record
from consortia.base.times import SECOND
from consortia.sdk.errors import TransactionRefused
from consortia.sdk.moments import utc_milliseconds
from consortia.sdk.operations import set_control
from consortia.solutions.city.journal import Journal
from consortia.solutions.city.policy import TERMS
from consortia.solutions.city.signals import Terms, act
from consortia.solutions.city.sumo import Streets
from consortia.solutions.story import Stage, StoryFailed

ROADS, BUSES, POLICE = DEPARTMENTS = ("roads", "buses", "police")
NAMES = ("market", "station")
TAKEN = "station"
HAND_GREENS = (35, 25, 35)
"""How long the officer leaves each phase green, in seconds."""


def wanted_terms() -> tuple[Record, ...]:
    """The actions of the proposal that sets the terms of both crossings."""
    overseers = (BUSES, POLICE)
    return tuple(
        set_control(name, ROADS, TERMS.bounds(2), overseers=overseers, gap=TERMS.least * SECOND)
        for name in NAMES
    )


@dataclass(slots=True)
class Crossings:
    """Both crossings, each with its journal, on the streets of a simulation.

    `opened` is the event time at which the simulation begins. `commands` counts what the ledger took.
    """

    stage: Stage
    streets: Streets
    opened: int = field(default_factory=utc_milliseconds)
    journals: dict[str, Journal] = field(default_factory=dict)
    commands: int = 0
    taken: bool = False
    hand: list[int] = field(default_factory=list)

    def begin(self) -> None:
        """Read the terms from the ledger, and let each crossing's first phase have green."""
        operations = self.stage.ledger(ROADS).operations
        for name in NAMES:
            terms = Terms.voted(operations.control(name).bounds)
            junction = self.streets.junctions[name]
            self.streets.show(name, junction.phases[0])
            self.journals[name] = Journal.begin(junction, terms, self.streets.at, self.opened)

    def second(self) -> None:
        """Decide what is due, have it taken down, follow it, and let a second pass."""
        for name, journal in self.journals.items():
            if self.taken and name == TAKEN and not journal.desk.lights.red:
                self._by_hand(journal)
            elif journal.desk.due(self.streets.at):
                self._decide(name, journal)
        self.streets.step()

    def time(self) -> int:
        """The event time now."""
        return self.opened + (self.streets.at - self.streets.ground.begins) * SECOND

    def values(self, name: str, phase: int) -> Mapping[str, int]:
        """What a command that gives a phase green now says."""
        desk = self.journals[name].desk
        return act(desk.terms, desk.lights, self.streets.at, phase)

    def try_command(self, name: str, values: Mapping[str, int]) -> str:
        """Have the program command what must be refused; gives the code."""
        program = self.stage.ledger(ROADS, "worker").operations
        try:
            program.command(name, [(self.time(), values)], seen=bytes(32))
        except TransactionRefused as refused:
            return refused.code
        raise StoryFailed(f"{name}: the ledger took {dict(values)} down")

    def take_over(self) -> None:
        """The police take a crossing over, by the command that people type."""
        self.stage.run(
            POLICE, "control", "take-over", TAKEN, "--reasons", "an accident in the station's street"
        )
        self.taken, self.hand = True, list(HAND_GREENS)

    def _by_hand(self, journal: Journal) -> None:
        """The officer changes the lights; after the last change the rule has them again."""
        desk = journal.desk
        if self.streets.at - desk.lights.since < self.hand[0]:
            return
        phase = 1 - desk.lights.phase
        seen = self.streets.look(desk.junction)
        values = self.values(TAKEN, phase)
        desk.write_by_hand(self.streets.at, phase, seen)
        people = self.stage.ledger(POLICE).operations
        people.command(TAKEN, [(self.time(), values)], seen=journal.leaf())
        self.commands += 1
        self.streets.switch(desk, phase)
        self.hand.pop(0)
        if not self.hand:
            self.stage.run(POLICE, "control", "hand-back", TAKEN)
            self.taken = False
            self.stage.line(f"{POLICE} hand {TAKEN} back: the rule decides again")

    def _decide(self, name: str, journal: Journal) -> None:
        desk = journal.desk
        phase = desk.decide(self.streets.at, self.streets.look(desk.junction))
        if phase is None:
            return
        if desk.lights.red:  # The green that a command asked for begins.
            self.streets.switch(desk, phase)
            return
        program = self.stage.ledger(ROADS, "worker").operations
        program.command(name, [(self.time(), self.values(name, phase))], seen=journal.leaf())
        self.commands += 1
        self.streets.switch(desk, phase)
