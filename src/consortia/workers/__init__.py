"""What a member's agent does: its part of every study, on data that never leave the member.

`Worker` does what is due through a `Door` (the member's own node), `Trustee` its part in secret elections;
`run` keeps them at it.
"""

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
