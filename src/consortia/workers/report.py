"""What a worker tells people who watch it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "joined",
    "started",
    "keyed",
    "dealt",
    "sealed",
    "complained",
    "answered",
    "submitted",
    "revealed",
    "committed",
    "opened",
    "closed",
    "finished",
    "waits",
    "refused",
    "stopped",
    "began",
    "decrypted",
    "ended",
]


@dataclass(frozen=True, slots=True)
class Report:
    """What a worker has done or met, for people who watch: `detail` is a line without private facts."""

    kind: Kind
    study: bytes
    index: int
    attempt: int
    detail: str


Tell = Callable[[Report], None]


def nobody(_report: Report) -> None:
    """Tell nobody."""
