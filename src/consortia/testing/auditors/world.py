"""A world in which random moves meet a real machine, and every answer and effect is foretold by auditors.

    world = World(7, Setting("assets"))
    while world.moves < 500:
        world.block()

Each move becomes a signed transaction. Whether it may stand in the block is foretold by the auditor of
admission; its receipt and events, and after the block every table entry, by the auditors of the modules.
After every block the promises are read sentence by sentence, and the machine's own invariants too.
"""

from copy import deepcopy
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random

from msgspec import to_builtins

from consortia.app import application
from consortia.base.codec import Record
from consortia.base.refusals import Refused
from consortia.kernel.admission import PURSES, SEQUENCES, USAGE
from consortia.kernel.admission import Admission as Fold
from consortia.kernel.application import Application
from consortia.kernel.batch import Admitted
from consortia.kernel.block import OK, Block, Receipt
from consortia.kernel.context import Context
from consortia.kernel.genesis import Limits
from consortia.kernel.machine import Machine, Tip
from consortia.kernel.module import Module
from consortia.kernel.store import MemoryReader, Overlay
from consortia.testing.auditors import Entries, Found, Model, Moment, No, Plain, Said, Told, model, plain
from consortia.testing.auditors.admission import Admission
from consortia.testing.auditors.drawing import CROWD, Drawing
from consortia.testing.auditors.envelopes import Envelope, Mix, enveloped
from consortia.testing.auditors.founding import found
from consortia.testing.auditors.identity import Identity
from consortia.testing.auditors.predictions import JUDGES
from consortia.testing.auditors.school import School, school
from consortia.testing.auditors.studio import studio
from consortia.testing.auditors.till import till

ROOMS = ("identity", "assets", "predictions", "training", "bank")
"""The modules that have an auditor: each needs what the ones before it do."""

BESIDE = {"bank": ("identity", "assets", "predictions", "bank")}
"""Whose moves are drawn beside those of the room in focus, where that is not all rooms before it."""

MOST = 18
"""A block holds fewer transactions than are tried, and less cost than some of them, so that some wait."""

LIMITS = Limits(block_cost=5_000, block_transactions=MOST, epoch_milliseconds=3_600_000)
CROWDED = Limits(block_cost=40_000, block_transactions=MOST, epoch_milliseconds=3_600_000)
"""In a crowd, one checkpoint alone costs more than all else; so do the steps of a masked round."""

STEPS = (0, 1, 1_000, 1_000, 60_000, 60_000, 1_800_000)
"""By how many milliseconds the next block is later."""

UNSAID = "state_bytes"
"""What no auditor foretells: how many bytes of the state a member's transactions took."""

_ROOT = bytes(32)
"""The root of everything here: the trees have tests of their own, and are most of a block's cost."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a world is like: which room's moves are drawn most, and how many founders it has.

    `pressed` names moves that are drawn above all others, for what work at random seldom comes to. None
    leaves it to the seed. In a crowd most is done in good faith, or nothing would ever come about.
    """

    focus: str
    founders: int | None = None
    pressed: tuple[str, ...] | None = None


@lru_cache(maxsize=1)
def audited() -> Application:
    """The application whose every message has a judge: the modules with auditors, as they are wired."""
    whole = application()
    modules = tuple(module for module in whole.modules if module.name in ROOMS)
    wired = tuple(_schooled(module) if module.name == "bank" else module for module in modules)
    return Application((*wired, school(), studio(), till()), whole.keys)


def _schooled(bank: Module) -> Module:
    """The bank, told by a school what became of studies and proposals."""
    return replace(bank, ports=replace(bank.ports, studies=School(), decisions=School(), stops=School()))


class World:
    """One seed's network, its machine and its auditors."""

    def __init__(self, seed: int, setting: Setting) -> None:
        """Found it; raises Found where the machine takes or makes another genesis than foretold."""
        self.app, self.setting = audited(), setting
        self.rng = Random(seed)
        drawn = self.rng.choice((1, 2, 3, 4, 4, 5))
        self.founders = drawn if setting.founders is None else setting.founders
        self.drawing = Drawing(self, self.rng)
        self.models: dict[str, Model] = {}
        for name in ROOMS:
            self.models[name] = model(name)(self.models)
        self.state = MemoryReader()
        self.moves, self.codes = 0, set[str]()
        self._seen: dict[tuple[str, tuple[object, ...]], tuple[Record, Plain]] = {}
        large = self.founders >= CROWD or setting.focus in {"training", "bank"}
        limits = CROWDED if large else LIMITS
        self.machine: Machine = found(self, limits)
        self.network, self.time = self.machine.network, self.machine.genesis.time + 1_000
        self.tip = Tip(0, self.machine.genesis.time, 1, _ROOT, _ROOT)
        self.sizes = [0, 1]
        self.admission = Admission(self.identity, MOST, limits.block_cost, limits.epoch_milliseconds)
        rooms = ROOMS[: 1 + max(2, ROOMS.index(setting.focus))]
        self.mix = Mix(self.drawing, BESIDE.get(setting.focus, rooms))
        self._before = self.entries()
        self._compare()

    @property
    def identity(self) -> Identity:
        """The auditor of identity, whom everybody asks."""
        asked = self.models["identity"]
        if not isinstance(asked, Identity):
            raise TypeError("another stands in identity's place")
        return asked

    @property
    def moment(self) -> Moment:
        """The block that is being made."""
        return Moment(self.network, self.tip.height + 1, self.time, self.tip.size)

    def block(self) -> None:
        """Try some moves, make a block of those that may stand in it, and compare all that came of it."""
        fold = self.machine.admission(self.state, self.tip, self.time)
        self.admission.begin(self.time)
        admitted: list[Admitted] = []
        foretold: list[tuple[str, Told]] = []
        for _ in range(self.rng.randint(3, MOST + 6)):
            envelope = enveloped(self)
            self.moves += 1
            let = self._admit(fold, envelope)
            if let is not None:
                admitted.append(let)
                self.drawing.sent(envelope)
                foretold.append(self._carry_out(envelope, let.parsed.id))
        raws = tuple(one.parsed.raw for one in admitted)
        block = Block(self.tip.height + 1, self.time, raws)
        result = self.machine.run(
            self.state, self.tip, block, fold, tuple(admitted), root_of=lambda _changes: _ROOT
        )
        for receipt, one, answer in zip(result.receipts, admitted, foretold, strict=True):
            self._agree_on(receipt, one, answer)
        self.state.update(result.changes)
        self.admission.end()
        self.tip = Tip(block.height, block.time, self.tip.size + len(result.leaves), _ROOT, _ROOT)
        self.sizes.append(self.tip.size)
        self.time = self._later()
        self._compare()

    def entries(self) -> dict[str, Entries]:
        """What the machine's tables hold, module by module."""
        ctx = Context(Overlay(self.state), self.network, self.tip.height, self.time)
        found: dict[str, Entries] = {}
        tables = [(module.name, table) for module in self.app.modules for table in module.tables]
        for module, table in (*tables, ("kernel", SEQUENCES), ("kernel", USAGE), ("kernel", PURSES)):
            held = found.setdefault(module, {})
            for key, record in table.scan(ctx):
                held[table.name, *key] = self._plain(table.name, key, record)
        return found

    def said(self, code: str, foretold: str, what: str) -> None:
        """Note an answer; raises Found where it is another than foretold."""
        self.codes.add(code)
        if code != foretold:
            raise Found(f"move {self.moves}, {what}: the machine said {code}, the auditor {foretold}")

    def _later(self) -> int:
        """The time of the next block: now and then the very one at which something ends."""
        ends: list[int] = [proposal["expires"] for proposal in self.identity.proposals.values()]
        ends += [mandate["expires"] for mandate in self.identity.mandates.values()]
        ends += [deed["due"] for deed in getattr(self.models["predictions"], "deeds", [])]
        coming = [end for model in self.models.values() for end in model.ends() if end > self.time]
        if coming and self.rng.random() < 0.4:
            return min(coming)
        coming = [end for end in ends if end > self.time]
        if coming and self.rng.random() < 0.1:
            return min(coming)
        return self.time + self.rng.choice(STEPS)

    def _admit(self, fold: Fold, envelope: Envelope) -> Admitted | None:
        """Let a transaction into the block, if it may stand there."""
        foretold, let = envelope.code, None
        if envelope.asked is not None:
            try:
                self.admission.admit(envelope.asked)
            except No as no:
                foretold = f"kernel.{no.reason}"
        try:
            let = fold.admit(envelope.raw)
            code = OK
        except Refused as refused:
            code = refused.code
        except Exception as error:  # noqa: BLE001 (whatever admission fails with, the auditor foretold none)
            code = repr(error)
        self.said(code, foretold, envelope.name)
        return let

    def _carry_out(self, envelope: Envelope, id_: bytes) -> tuple[str, Told]:
        """What the auditors say of a transaction that stands in the block: its code and its events."""
        member = self.admission.keys[envelope.key][0]
        before = deepcopy(self.models) if len(envelope.messages) > 1 else None
        told: Told = ()
        for call, message in enumerate(envelope.messages):
            earlier = tuple((self.app.messages[type(done)], done) for done in envelope.messages[:call])
            said = Said(envelope.key, member, id_, call, self.moment, earlier)
            module = self.app.messages[type(message)].split(".")[0]
            judge = self.models[JUDGES.get(module, module)]
            try:
                told += judge.judge(said, message)
            except No as no:
                if before is not None:
                    self.models = before
                    self.admission.identity = self.identity
                return no.reason if "." in no.reason else f"{judge.module}.{no.reason}", ()
        return OK, told

    def _agree_on(self, receipt: Receipt, one: Admitted, answer: tuple[str, Told]) -> None:
        code, told = answer
        what = "+".join(bound.name for bound, _ in one.calls)
        self.said(receipt.code, code, what)
        events = [
            (event.name, _listed(to_builtins(event.body, builtin_types=(bytes,)))) for event in receipt.events
        ]
        if events != [(name, _listed(fields)) for name, fields in told]:
            raise Found(f"move {self.moves}, {what}: the events are {events}, foretold {told}")

    def _compare(self) -> None:
        """Every table entry is as foretold, and every promise holds."""
        now = self.entries()
        all_foretold = {name: judge.entries() for name, judge in self.models.items()}
        for name, foretold in (*all_foretold.items(), ("kernel", self.admission.entries())):
            if now[name] != foretold:
                keys = [key for key in {**now[name], **foretold} if now[name].get(key) != foretold.get(key)]
                told = _difference(now[name].get(keys[0]), foretold.get(keys[0]))
                raise Found(f"after move {self.moves}, {name} {keys[0]}: {told}")
        for name, judge in self.models.items():
            for promise in judge.broken(self._before[name], now[name]):
                raise Found(f"after move {self.moves}, {name}: {promise}")
        for violation in self.machine.violations(self.state, self.tip):
            raise Found(f"after move {self.moves}, {violation}")
        self._before = now

    def _plain(self, table: str, key: tuple[object, ...], record: Record) -> Plain:
        """A record as plain values; equal bytes give the same record, which is turned only once."""
        known = self._seen.get((table, key))
        if known is not None and known[0] is record:
            return known[1]
        turned = {name: _listed(value) for name, value in plain(record).items() if name != UNSAID}
        self._seen[table, key] = (record, turned)
        return turned


def _listed(value: object) -> object:
    """Plain values with every sequence a list."""
    if isinstance(value, dict):
        return {name: _listed(each) for name, each in value.items()}
    return [_listed(each) for each in value] if isinstance(value, list | tuple) else value


def _difference(found: Plain | None, foretold: Plain | None) -> str:
    """Where an entry is another than foretold."""
    if found is None or foretold is None:
        return f"{found}, foretold {foretold}"
    fields = [name for name in {**found, **foretold} if found.get(name) != foretold.get(name)]
    return "; ".join(f"{name} is {found.get(name)}, foretold {foretold.get(name)}" for name in fields)
