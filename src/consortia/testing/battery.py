"""The battery: what every module of the law must pass, for no more than being registered.

A module brings its scenario table (`consortia.testing.scenarios`); from it and from the module's declaration
follow all checks, each a function that gives a list of findings, empty when all is well. The
vectors and the pinned costs are made here too:

    python -m consortia.testing.battery twin EVERY      # one scenario's roots a line, for one in EVERY
    python -m consortia.testing.battery vectors FOLDER  # write FOLDER/<module>.json and .costs.json
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from consortia.app import application
from consortia.base.codec import decode, encode_record, from_value
from consortia.base.setcommit import root
from consortia.kernel.block import OK, Block, Receipt
from consortia.kernel.machine import Changes, Result, Tip
from consortia.kernel.module import Module, snake
from consortia.kernel.store import MemoryReader
from consortia.kernel.transaction import parse_transaction
from consortia.kernel.tree import hashed
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Scenario, table

VECTOR_MEMBERS_MAX = 8
"""Scenarios of larger networks are tested but make no vectors: their states would fill megabytes."""

VECTORS_FORMAT = 1


class CountingReader:
    """A reader that counts what is read through it: keys asked for, and entries that scans give."""

    def __init__(self, entries: Mapping[bytes, bytes]) -> None:
        self._reader = MemoryReader(entries)
        self.reads = 0

    def get(self, key: bytes) -> bytes | None:
        """The value at `key`, or None; one read."""
        self.reads += 1
        return self._reader.get(key)

    def scan(self, prefix: bytes, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """All (key, value) under `prefix` and above `after`; one read, and one more for each entry."""
        found = list(self._reader.scan(prefix, after))
        self.reads += 1 + len(found)
        return iter(found)


@dataclass(frozen=True)
class Played:
    """A scenario, played: the bench before its last block, that block, and what it did.

    `reads` counts what the block read from the store.
    """

    scenario: Scenario
    bench: Bench
    block: Block
    result: Result
    before: dict[bytes, bytes]
    tip: Tip
    reads: int
    violations: tuple[str, ...]

    @property
    def receipt(self) -> Receipt:
        """The receipt of the step that the scenario is about."""
        return self.result.receipts[-1]

    def after(self) -> dict[bytes, bytes]:
        """The state after the block."""
        merged = {**self.before, **self.result.changes}
        return {key: value for key, value in merged.items() if value is not None}


def play(scenario: Scenario) -> Played:
    """Play a scenario on a network of its own."""
    bench = Bench(scenario.members, genesis=scenario.genesis)
    step = scenario.setup(bench)
    before, tip = bench.state.entries(), bench.tip
    reader = CountingReader(before)
    block = Block(tip.height + 1, bench.time, (*step.before, step.sign(bench)))
    result = bench.machine.execute(reader, tip, block, lambda changes: _root(before, changes))
    reads = reader.reads
    bench.state.update(result.changes)
    header = result.header
    after = Tip(header.height, header.time, tip.size + len(result.leaves), header.state, tip.root)
    violations = bench.machine.violations(bench.state, after)
    return Played(scenario, bench, block, result, before, tip, reads, tuple(violations))


@lru_cache(maxsize=16)
def played(module: str) -> tuple[Played, ...]:
    """All scenarios of a module, played once."""
    return tuple(play(scenario) for scenario in table(module))


def answers_as_written(module: str) -> list[str]:
    """Every scenario meets the code that its row names, without alarm or broken invariant."""
    found = []
    for item in played(module):
        name = item.scenario.name
        if item.receipt.code != item.scenario.code:
            found.append(f"{name}: {item.receipt.code}, not {item.scenario.code}")
        found += [f"{name}: {violation}" for violation in item.violations]
        found += [f"{name}: {error!r}" for error in item.bench.alarms]
    return found


def refusals_write_nothing(module: str) -> list[str]:
    """After a refusal nothing has changed but what the kernel keeps: the sequence and the usage."""
    return [
        f"{item.scenario.name}: {key!r} was written"
        for item in played(module)
        if item.receipt.code != OK and len(item.block.transactions) == 1
        for key, value in item.result.changes.items()
        if not key.startswith(b"kernel/") and item.before.get(key) != value
    ]


def records_are_read_as_decoded(module: Module) -> list[str]:
    """What tables give, kept from when it was put or not, is in every part what decoding the state gives."""
    kinds = {kept.prefix: kept for kept in module.tables}
    return [
        f"{item.scenario.name}: {key!r} is read as {kept.get(ctx, *kept.parts(key))!r}"
        for item in played(module.name)
        for ctx in [item.bench.context()]
        for key, value in item.after().items()
        if (kept := kinds.get(b"/".join(key.split(b"/", 2)[:2]) + b"/")) is not None
        and repr(kept.get(ctx, *kept.parts(key))) != repr(from_value(kept.kind, decode(value)))
    ]


def everything_is_reached(module: Module) -> list[str]:
    """Scenarios reach every refusal, carry out every method and emit every event of the module."""
    receipts = [item.receipt for item in played(module.name)]
    carried_out, failed = _under_authority(receipts)
    refused = {receipt.code for receipt in receipts} | failed
    emitted = {event.name for receipt in receipts for event in receipt.events}
    done = {
        call
        for item in played(module.name)
        if item.receipt.code == OK
        for call in _methods(item.bench, item.block.transactions[-1])
    } | carried_out
    found = [
        f"no scenario is refused {refusal.code}" for refusal in module.refusals if refusal.code not in refused
    ]
    found += [
        f"no scenario carries out {module.name}.{method.name}"
        for method in module.methods
        if f"{module.name}.{method.name}" not in done
    ]
    found += [
        f"no scenario emits {module.name}.{snake(event.__name__)}"
        for event in module.events
        if f"{module.name}.{snake(event.__name__)}" not in emitted
    ]
    return found


def _under_authority(receipts: list[Receipt]) -> tuple[set[str], set[str]]:
    """The methods that proposals carried out, and the codes that the actions of failed ones met."""
    events = [event for receipt in receipts for event in receipt.events]
    methods = [event.body["methods"] for event in events if event.name == "governance.proposal_executed"]
    codes = [event.body["code"] for event in events if event.name == "governance.proposal_failed"]
    return {str(m) for each in methods if isinstance(each, tuple) for m in each}, {
        str(code) for code in codes
    }


def refusals_stand_in_order(module: Module) -> list[str]:
    """Refusals are numbered from 1 in their order, belong to the module and have names of their own."""
    found = [
        f"{refusal.code} is number {refusal.number}, not {number}"
        for number, refusal in enumerate(module.refusals, 1)
        if refusal.number != number or refusal.module != module.name
    ]
    names = [refusal.name for refusal in module.refusals]
    return found + [f"{name} stands twice" for name in sorted({n for n in names if names.count(n) > 1})]


def everything_is_documented(module: Module, readme: str) -> list[str]:
    """Whatever a module declares says what it is, and its README names every message and event."""
    asked = [method.message for method in module.methods]
    answers = [kind for query in module.queries for kind in (query.arguments, query.result)]
    kinds = [*asked, *module.events, *answers, *(kept.kind for kept in module.tables)]
    found = [f"{kind.__name__} has no docstring" for kind in kinds if not kind.__dict__.get("__doc__")]
    said = {
        **{f"query {query.name}": query.doc for query in module.queries},
        **{f"table {kept.name}": kept.doc for kept in module.tables},
        **{f"refusal {refusal.name}": refusal.meaning for refusal in module.refusals},
        "module": module.doc,
    }
    found += [f"{name} has no text" for name, text in said.items() if not text.strip()]
    words = [kind.__name__ for kind in (*asked, *module.events)]
    return found + [f"the README does not name {word}" for word in words if not _named(word, readme)]


def half_must_fail(module: str) -> list[str]:
    """At least half of a module's scenarios are refusals."""
    refused = sum(1 for scenario in table(module) if scenario.code != OK)
    return (
        [] if 2 * refused >= len(table(module)) else [f"only {refused} of {len(table(module))} are refused"]
    )


def twin_lines(modules: tuple[str, ...], every: int) -> list[str]:
    """One line for one scenario in `every`: its name and the roots its blocks lead to, the same for twins."""
    return [
        f"{name}: {item.scenario.name}: {item.result.header.state.hex()} {item.tip.root.hex()}"
        for name in modules
        for item in map(play, table(name)[::every])
    ]


def costs(module: str) -> dict[str, dict[str, int]]:
    """What each scenario's block costs the store: reads, writes, bytes written; and its cost units."""
    return {
        item.scenario.name: {
            "bytes": sum(len(key) + len(value or b"") for key, value in item.result.changes.items()),
            "cost": item.receipt.cost,
            "reads": item.reads,
            "writes": len(item.result.changes),
        }
        for item in played(module)
    }


def vectors(module: str) -> dict[str, object]:
    """The vectors of a module, as `docs/reference/vectors.md` describes them."""
    genesis: dict[str, str] = {}
    states: dict[str, dict[str, str]] = {}
    rows = []
    for item in played(module):
        if item.scenario.members <= VECTOR_MEMBERS_MAX:
            network = item.bench.network.hex()
            genesis[network] = encode_record(item.bench.genesis).hex()
            rows.append(_row(item, states.setdefault(network, {})))
    return {
        "format": VECTORS_FORMAT,
        "module": module,
        "genesis": genesis,
        "states": states,
        "vectors": rows,
    }


def _row(item: Played, base: dict[str, str]) -> dict[str, object]:
    """One vector; the first state of a network is written whole, every other one as its difference."""
    before = {key.hex(): value.hex() for key, value in item.before.items()}
    if not base:
        base.update(before)
    changes = {key: value for key, value in before.items() if base.get(key) != value}
    missing: dict[str, None] = {key: None for key in base if key not in before}
    after = item.result.changes
    return {
        "name": item.scenario.name,
        "code": item.receipt.code,
        "network": item.bench.network.hex(),
        "tip": {"height": item.tip.height, "time": item.tip.time, "size": item.tip.size},
        "before": {**changes, **missing},
        "before_root": root(_hashes(item.before)).hex(),
        "block": {"height": item.block.height, "time": item.block.time},
        "transactions": [raw.hex() for raw in item.block.transactions],
        "receipts": [encode_record(receipt).hex() for receipt in item.result.receipts],
        "changes": {
            key.hex(): None if value is None else value.hex()
            for key, value in after.items()
            if item.before.get(key) != value
        },
        "header": encode_record(item.result.header).hex(),
    }


def vector_files(modules: tuple[str, ...]) -> dict[str, str]:
    """The committed files, by name: the vectors and the pinned costs of every module."""
    files = {f"{name}.json": _json(vectors(name)) for name in modules}
    return files | {f"{name}.costs.json": _json(costs(name)) for name in modules}


def with_tables(modules: tuple[Module, ...]) -> tuple[str, ...]:
    """The names of the modules that have a scenario table."""
    folder = Path(__file__).parent / "scenarios"
    return tuple(module.name for module in modules if (folder / f"{module.name}.py").is_file())


def _named(word: str, text: str) -> bool:
    """Whether `text` names a record, by its own name or by the one on the wire."""
    return re.search(rf"\b({word}|{snake(word)})\b", text) is not None


def _json(value: object) -> str:
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


def _root(before: Mapping[bytes, bytes], changes: Changes) -> bytes:
    merged: dict[bytes, bytes | None] = {**before, **changes}
    return root(_hashes({key: value for key, value in merged.items() if value is not None}))


def _hashes(entries: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    return {key: value for key, value in hashed(entries).items() if value is not None}


def _methods(bench: Bench, raw: bytes) -> list[str]:
    return [call.method for call in parse_transaction(raw, bench.network).transaction.calls]


def main(arguments: list[str]) -> int:
    """Print the twins' lines, or write the vectors; 2 for anything else."""
    modules = with_tables(application().modules)
    if len(arguments) == 2 and arguments[0] == "twin" and arguments[1].isdecimal():
        sys.stdout.write("\n".join(twin_lines(modules, int(arguments[1]))) + "\n")
        return 0
    if len(arguments) == 2 and arguments[0] == "vectors":
        folder = Path(arguments[1])
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in vector_files(modules).items():
            (folder / name).write_text(text, encoding="utf-8")
        return 0
    sys.stderr.write(f"{__doc__}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
