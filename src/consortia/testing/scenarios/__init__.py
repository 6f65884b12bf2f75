"""Scenario tables: for each module of the law, what is done to it and what it answers.

A module's table is the file of its name in this folder, with a tuple `SCENARIOS`. Every test that a
module gets for being registered (`consortia.testing.battery`), the vectors under `tests/vectors`
and the pinned costs are made from it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module

from consortia.base.codec import Record
from consortia.base.keys import SigningKey
from consortia.kernel.block import OK
from consortia.testing.machine import Bench


@dataclass(frozen=True, slots=True)
class Step:
    """The transaction that a scenario is about: who signs which messages, in which role.

    `key` signs in the place of the member's key of that role. `before` are transactions that stand
    ahead of it in the same block.
    """

    member: str
    role: str
    messages: tuple[Record, ...]
    key: SigningKey | None = None
    before: tuple[bytes, ...] = ()

    def sign(self, bench: Bench) -> bytes:
        """The transaction's bytes."""
        key = bench.key(self.member, self.role) if self.key is None else self.key
        return bench.sign_with(key, *self.messages)


def step(member: str, role: str, *messages: Record) -> Step:
    """The step in which `member` signs these messages."""
    return Step(member, role, messages)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row: a name that reads as a sentence, what leads up to the step, and the code it meets.

    `setup(bench)` brings a network of `members` organisations to where the step is due and returns it;
    `genesis` gives parts of modules that are to begin otherwise than usual.
    """

    name: str
    setup: Callable[[Bench], Step]
    code: str = OK
    members: int = 4
    genesis: Mapping[str, Record] | None = None


def table(module: str) -> tuple[Scenario, ...]:
    """The scenarios of the module with this name. Raise ModuleNotFoundError where there are none."""
    scenarios: tuple[Scenario, ...] = import_module(f"consortia.testing.scenarios.{module}").SCENARIOS
    return scenarios
