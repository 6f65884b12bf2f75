"""The charter that a network starts with where its founders name no other."""

from collections.abc import Iterable

from consortia.base.times import DAY
from consortia.modules.governance.types import (
    ORGANISATIONS_MIN,
    PAUSE_MILLISECONDS_MAX,
    SEATS_MAX,
    Agents,
    Charter,
    ProposalClass,
    Share,
)

HALF, TWO_THIRDS = Share(1, 2), Share(2, 3)
OPEN_PROPOSALS = 4
EXPIRE_DAYS = 30
ROUTINE_SPENDING = 10_000
SPENDING_MAX = (1 << 63) - 1


def default_charter(founders: Iterable[str] = ()) -> Charter:
    """The classes of the reference page; the founders sit on the council if they are three or more."""
    names = tuple(sorted(founders))[:SEATS_MAX]
    return Charter(
        classes=(
            _class("budget", ("training.raise_budget",), (7, 3), all_of_two_thirds=True, owner=True),
            _class(
                "charter",
                (
                    "governance.set_bounds",
                    "governance.set_charter",
                    "operations.end_control",
                    "operations.set_control",
                ),
                (14, 7),
                all_of_two_thirds=True,
            ),
            _class(
                "members",
                ("governance.schedule_member", "guard.disempower", "guard.empower"),
                (7, 3),
                all_of_two_thirds=True,
            ),
            _class("release", ("governance.release_model",), (5, 2), board=True),
            _class(
                "routine",
                ("governance.set_parameter", "governance.spend"),
                (3, 1),
                agents="vote",
                spend_max=ROUTINE_SPENDING,
            ),
            _class("spending", ("governance.spend",), (7, 3), all_of_two_thirds=True, spend_max=SPENDING_MAX),
            _class("upgrade", ("governance.schedule_upgrade",), (14, 7), all_of_two_thirds=True),
        ),
        weights=(),
        council=names if len(names) >= ORGANISATIONS_MIN else (),
        ethics=(),
        open_max=OPEN_PROPOSALS,
        pause_milliseconds=PAUSE_MILLISECONDS_MAX,
        cooling_milliseconds=PAUSE_MILLISECONDS_MAX,
    )


def _class(
    name: str,
    methods: tuple[str, ...],
    days: tuple[int, int],
    *,
    all_of_two_thirds: bool = False,
    agents: Agents = "advise",
    board: bool = False,
    owner: bool = False,
    spend_max: int = 0,
) -> ProposalClass:
    """A class with so many days of voting and of lock; a day of extension."""
    vote, lock = days
    return ProposalClass(
        name=name,
        methods=methods,
        quorum=TWO_THIRDS if all_of_two_thirds else HALF,
        yes=TWO_THIRDS if all_of_two_thirds else HALF,
        of="all" if all_of_two_thirds else "cast",
        vote_milliseconds=vote * DAY,
        lock_milliseconds=lock * DAY,
        extend_milliseconds=DAY,
        expire_milliseconds=EXPIRE_DAYS * DAY,
        agents=agents,
        secret=None,
        board=board,
        owner=owner,
        spend_max=spend_max,
    )
