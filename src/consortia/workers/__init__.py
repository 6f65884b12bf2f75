"""What a member's agent does: its part of every study, on data that never leave the member.

`Worker` does what is due through a `Door` (the member's own node), `Trustee` its part in secret elections;
`run` keeps them at it. Each is imported when it is asked for: who reads a vault pays for no worker.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consortia.workers.diary import Diary
    from consortia.workers.door import Data, Door, DoorClosed
    from consortia.workers.errors import CannotJoin, Refused
    from consortia.workers.loop import Together, run
    from consortia.workers.priority import be_nice, when_idle
    from consortia.workers.report import Report
    from consortia.workers.trustee import Trustee
    from consortia.workers.worker import Worker

__all__ = [
    "CannotJoin",
    "Data",
    "Diary",
    "Door",
    "DoorClosed",
    "Refused",
    "Report",
    "Together",
    "Trustee",
    "Worker",
    "be_nice",
    "run",
    "when_idle",
]

_FILES = {
    "Diary": "diary",
    "Data": "door",
    "Door": "door",
    "DoorClosed": "door",
    "CannotJoin": "errors",
    "Refused": "errors",
    "Together": "loop",
    "run": "loop",
    "be_nice": "priority",
    "when_idle": "priority",
    "Report": "report",
    "Trustee": "trustee",
    "Worker": "worker",
}
"""Where each of these stands."""


def __getattr__(name: str) -> object:
    """Import what is asked for."""
    if name not in _FILES:
        raise AttributeError(name)
    return getattr(import_module(f"consortia.workers.{_FILES[name]}"), name)
