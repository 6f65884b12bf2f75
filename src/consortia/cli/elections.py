"""What a person's words stand for among elections, and where the hash of the own ballot is kept."""

from pathlib import Path

from consortia.cli.output import Failure
from consortia.cli.session import Session
from consortia.modules.ballots.queries import ElectionPage, ElectionView, ListElections
from consortia.modules.ballots.types import Election, Progress
from consortia.node.home import Home

SUBJECT_TAG = "consortia/ballot-title"
PAGE = 100
PREFIX_MIN = 6


def all_elections(session: Session) -> list[ElectionView]:
    """All elections of the network, by id."""
    found: list[ElectionView] = []
    after = None
    while True:
        page = session.ask("ballots.elections", ListElections(after, PAGE), ElectionPage)
        found += page.elections
        if page.next is None:
            return found
        after = page.next


def find_election(session: Session, which: str) -> ElectionView:
    """The election that an id, or the beginning of one, stands for; raises Failure."""
    matching = [
        view
        for view in all_elections(session)
        if view.election is not None and view.election.id.hex().startswith(which.lower())
    ]
    if len(which) < PREFIX_MIN or len(matching) != 1:
        text = f"there is no election {which!r}. ELECTION is an id, or its first {PREFIX_MIN} digits or more"
        raise Failure(text, "consortia ballot list")
    return matching[0]


def progress_of(view: ElectionView) -> tuple[Election, Progress]:
    """An election that is there, and how far it is; raises Failure."""
    if view.election is None or view.progress is None:
        raise Failure("there is no such election", "consortia ballot list")
    return view.election, view.progress


def tracker_path(home: Home, election: bytes) -> Path:
    """Where the hash of the member's last ballot is kept."""
    return home.private / "ballots" / election.hex()
