"""The auditor's council: pauses, their clocks, and the ends of mandates."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from consortia.modules.governance import messages as asked
from consortia.testing.auditors import Plain, refuse

if TYPE_CHECKING:
    from consortia.testing.auditors.governance import Agent, Speaker

PAUSABLE = ("assets.register", "governance.set_bounds")
"""What can be paused in a chamber, of what its council is asked about."""


class Council:
    """What the council did. The chamber's charters, members and agents are its heirs'."""

    charters: list[Plain]
    members: set[str]
    agents: "dict[bytes, Agent]"

    def __init__(self) -> None:
        """Nothing is paused."""
        super().__init__()
        self.pauses: dict[str, Plain] = {}
        self.stops: dict[str, list[Plain]] = {}
        self.endings: dict[bytes, Plain] = {}
        self.suggestions: dict[tuple[str, bytes], Plain] = {}

    @property
    def charter(self) -> Plain:
        """The charter in force."""
        return self.charters[-1]

    def is_paused(self, method: str, time: int) -> bool:
        """Whether a method stands still."""
        return any(stop["since"] <= time < stop["until"] for stop in self.stops.get(method, ()))

    def stood_still(self, method: str, since: int, time: int) -> int:
        """For how long a method stood still from a time on."""
        spans = [(max(stop["since"], since), min(stop["until"], time)) for stop in self.stops.get(method, ())]
        return sum(max(0, end - start) for start, end in spans)

    def ask_pause(self, by: "Speaker", m: asked.AskPause) -> None:
        """A seat asks."""
        self._seats(by)
        law, last = self.charter, self.pauses.get(m.target)
        refuse("not_pausable", when=m.target not in PAUSABLE)
        refuse("pause_too_long", when=not 0 < m.milliseconds <= law["pause_milliseconds"])
        refuse("pause_open", when=last is not None and not self._over(last, by.time))
        stops = self.stops.get(m.target, [])
        peace = stops[-1]["until"] + law["cooling_milliseconds"] if stops else 0
        refuse("cooling", when=by.time < peace)
        said = {"by": by.member, "reason": m.reason, "milliseconds": m.milliseconds, "opened": by.time}
        rest = {"approvals": [by.member], "since": None, "until": None, "number": len(stops)}
        self.pauses[m.target] = {**said, **rest}

    def approve_pause(self, by: "Speaker", m: asked.ApprovePause) -> None:
        """A seat approves; enough of them stop the method."""
        seats = self._seats(by)
        pause = self._pause(m.target, by.time)
        refuse("already_approved", when=by.member in pause["approvals"])
        pause["approvals"] = sorted([*pause["approvals"], by.member])
        there = set(pause["approvals"]) & seats
        if pause["since"] is None and len(there) >= _needed(seats):
            pause["since"], pause["until"] = by.time, by.time + pause["milliseconds"]
            span = {"since": by.time, "until": pause["until"]}
            self.stops.setdefault(m.target, []).append(span)

    def withdraw_pause(self, by: "Speaker", m: asked.WithdrawPause) -> None:
        """A seat takes its approval back."""
        seats = self._seats(by)
        pause = self._pause(m.target, by.time)
        refuse("not_approved", when=by.member not in pause["approvals"])
        pause["approvals"] = [name for name in pause["approvals"] if name != by.member]
        if pause["since"] is not None and len(set(pause["approvals"]) & seats) < _needed(seats):
            pause["until"] = by.time
            self.stops[m.target][-1]["until"] = by.time
        if pause["since"] is None and not pause["approvals"] and pause["number"] == 0:
            del self.pauses[m.target]

    def end_agent(self, by: "Speaker", m: asked.EndAgent) -> None:
        """Seats end a mandate."""
        seats = self._seats(by)
        agent = self.agents.get(m.mandate)
        if agent is None or agent.over is not None:
            return refuse("no_agent", when=True)
        known, span = self.endings.get(m.mandate), self.charter["pause_milliseconds"]
        fresh = known if known is not None and by.time < known["opened"] + span else None
        held, opened = ([], by.time) if fresh is None else (fresh["approvals"], fresh["opened"])
        refuse("already_approved", when=by.member in held)
        held = sorted([*held, by.member])
        self.endings[m.mandate] = {"approvals": held, "opened": opened}
        if len(set(held) & seats) >= _needed(seats):
            agent.over = by.time
        return None

    def suggest(self, by: "Speaker", m: asked.Suggest) -> None:
        """An agent suggests a pause."""
        if by.agent is None or "emergency" not in by.agent.classes:
            return refuse("not_in_mandate", when=True)
        refuse("not_pausable", when=m.target not in PAUSABLE)
        said = {"mandate": by.agent.id, "reason": m.reason, "time": by.time}
        self.suggestions[m.target, by.agent.id] = said
        return None

    def council_entries(self) -> Iterator[tuple[tuple[Any, ...], Plain]]:
        """The council's tables."""
        for target, pause in self.pauses.items():
            yield ("pauses", target), pause
        for target, stops in self.stops.items():
            for number, stop in enumerate(stops):
                yield ("stops", target, number), stop
        for mandate, ending in self.endings.items():
            yield ("endings", mandate), ending
        for place, suggestion in self.suggestions.items():
            yield ("suggestions", *place), suggestion

    def _seats(self, by: "Speaker") -> set[str]:
        seats = set(self.charter["council"]) & self.members
        refuse("no_council", when=len(seats) < 3 or len(self.members) < 3)
        refuse("not_on_council", when=by.member not in seats)
        return seats

    def _pause(self, target: str, time: int) -> Plain:
        pause = self.pauses.get(target)
        if pause is None or self._over(pause, time):
            refuse("no_pause", when=True)
            raise LookupError
        return pause

    def _over(self, pause: Plain, time: int) -> bool:
        if pause["until"] is not None:
            return bool(pause["until"] <= time)
        return not pause["approvals"] or bool(pause["opened"] + self.charter["pause_milliseconds"] <= time)


def _needed(seats: set[str]) -> int:
    return max(3, (2 * len(seats) + 2) // 3)
