"""What a person's words stand for among elections, and where the hash of the own ballot is kept."""

from pathlib import Path

from consortia.cli.output import Failure
from consortia.cli.session import Door, Session
from consortia.modules.ballots.queries import ElectionView
from consortia.modules.ballots.types import Election, Progress
from consortia.node.home import Home
from consortia.sdk.ballots import all_elections

SUBJECT_TAG = "consortia/ballot-title"
PREFIX_MIN = 6


def find_election(session: Session, which: str) -> ElectionView:
    """The election that an id, or the beginning of one, stands for, its own or its proposal's.

    Raises Failure.
    """
    matching = [
        view
        for view in all_elections(Door(session))
        if view.election is not None
        and any(one.hex().startswith(which.lower()) for one in (view.election.id, view.election.subject))
    ]
    if len(which) < PREFIX_MIN or len(matching) != 1:
        text = f"there is no election {which!r}: ELECTION is its id or its proposal's"
        raise Failure(f"{text}, or the first {PREFIX_MIN} digits or more", "consortia ballot list")
    return matching[0]


def progress_of(view: ElectionView) -> tuple[Election, Progress]:
    """An election that is there, and how far it is; raises Failure."""
    if view.election is None or view.progress is None:
        raise Failure("there is no such election", "consortia ballot list")
    return view.election, view.progress


def tracker_path(home: Home, election: bytes) -> Path:
    """Where the hash of the member's last ballot is kept."""
    return home.private / "ballots" / election.hex()
