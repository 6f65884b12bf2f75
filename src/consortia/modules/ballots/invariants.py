"""What holds after every block."""

from consortia.exact.ballot import ciphertext_hash
from consortia.kernel.context import Context
from consortia.kernel.module import Invariant
from consortia.modules.ballots.ports import Ports
from consortia.modules.ballots.rules import NOTHING, replaced
from consortia.modules.ballots.state import ELECTIONS, OPEN, PROGRESS, SEEN, ballots, parts
from consortia.modules.ballots.types import BALLOTS_MIN


def sums(ctx: Context, ports: Ports) -> str | None:
    """While an election is voted on, its sums are those of the ballots that count, and so is their number."""
    for (key,), progress in PROGRESS.scan(ctx):
        if progress.status != "voting" or not isinstance(key, bytes):
            continue
        kept = ballots(ctx, key)
        found = tuple(NOTHING for _ in progress.sums)
        for one in kept.values():
            found = replaced(found, None, one.ballot)
        if found != progress.sums or len(kept) != progress.ballots:
            return f"the sums of election {key.hex()} are not those of its ballots"
    return None


def terms(ctx: Context, ports: Ports) -> str | None:
    """Every election has its progress, and the progress names its terms."""
    held = {key: one.terms for (key,), one in PROGRESS.scan(ctx)}
    known = {key: one.terms() for (key,), one in ELECTIONS.scan(ctx)}
    return None if held == known else "an election's progress is of other terms"


def outcomes(ctx: Context, ports: Ports) -> str | None:
    """A count adds up to the ballots, of which there are enough, and rests on a threshold of parts."""
    for (key,), progress in PROGRESS.scan(ctx):
        if progress.counts is None or not isinstance(key, bytes):
            continue
        election = ELECTIONS.get(ctx, key)
        enough = election is not None and 3 * len(parts(ctx, key)) > 2 * len(election.trustees)
        if sum(progress.counts) != progress.ballots or progress.ballots < BALLOTS_MIN or not enough:
            return f"the count of election {key.hex()} is not one of its ballots"
    return None


def places(ctx: Context, ports: Ports) -> str | None:
    """Every ciphertext of a ballot that counts was seen, from its voter."""
    for (key,), _ in ELECTIONS.scan(ctx):
        if not isinstance(key, bytes):
            continue
        for voter, one in ballots(ctx, key).items():
            for each in one.ballot.choices:
                seen = SEEN.get(ctx, key, ciphertext_hash(each.ciphertext))
                if seen is None or seen.voter != voter:
                    return f"a ciphertext of {voter} was never seen"
    return None


def open_elections(ctx: Context, ports: Ports) -> str | None:
    """A member's open elections are as many as it opened that are not over."""
    counts: dict[str, int] = {}
    for (key,), one in ELECTIONS.scan(ctx):
        progress = PROGRESS.get(ctx, key)
        if one.opener is not None and progress is not None:
            counts[one.opener] = counts.get(one.opener, 0) + (progress.over is None)
    held = {key[0]: record.count for key, record in OPEN.scan(ctx)}
    return None if held == counts else "the number of open elections of a member is wrong"


INVARIANTS = (
    Invariant("sums", sums),
    Invariant("terms", terms),
    Invariant("outcomes", outcomes),
    Invariant("places", places),
    Invariant("open", open_elections),
)
