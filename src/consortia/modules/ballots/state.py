"""The module's tables, and the records that handlers need from them."""

from consortia.base.hashing import tagged
from consortia.base.refusals import Refused
from consortia.kernel.context import Context
from consortia.kernel.table import K, Table
from consortia.modules.ballots import refusals as codes
from consortia.modules.ballots.types import (
    ELECTION_TAG,
    Election,
    Kept,
    Open,
    Part,
    Progress,
    Seen,
    Trustee,
)

ELECTIONS = Table("ballots", "elections", Election, (bytes,), "what an election is, by id")
PROGRESS = Table("ballots", "progress", Progress, (bytes,), "how far an election is")
TRUSTEES = Table("ballots", "trustees", Trustee, (bytes, str), "a trustee's part in making the key")
KEPT = Table("ballots", "ballots", Kept, (bytes, str), "the ballot of a voter that counts")
SEEN = Table("ballots", "seen", Seen, (bytes, bytes), "a ciphertext that was in a ballot, by its hash")
PARTS = Table("ballots", "parts", Part, (bytes, str), "a trustee's part of the decryption")
OPEN = Table("ballots", "open", Open, (str,), "how many elections of a member are not over")

TABLES = (ELECTIONS, PROGRESS, TRUSTEES, KEPT, SEEN, PARTS, OPEN)


def election_id(ctx: Context) -> bytes:
    """The id of this call's election: H("consortia/election", network | transaction | call as 8 bytes)."""
    return tagged(ELECTION_TAG, ctx.network + ctx.transaction + ctx.call.to_bytes(8, "big"))


def found(ctx: Context, election: bytes) -> tuple[Election, Progress]:
    """An election and how far it is; raises Refused."""
    there, progress = ELECTIONS.get(ctx, election), PROGRESS.get(ctx, election)
    if there is None or progress is None:
        raise Refused(codes.NO_ELECTION, election.hex())
    return there, progress


def trustees(ctx: Context, election: bytes) -> dict[str, Trustee]:
    """The trustees that committed, by name, sorted."""
    return _by_name(TRUSTEES, ctx, election)


def ballots(ctx: Context, election: bytes) -> dict[str, Kept]:
    """The ballots that count, by voter, sorted."""
    return _by_name(KEPT, ctx, election)


def parts(ctx: Context, election: bytes) -> dict[str, Part]:
    """The parts of the decryption, by trustee, sorted."""
    return _by_name(PARTS, ctx, election)


def _by_name(table: Table[K], ctx: Context, election: bytes) -> dict[str, K]:
    """The entries of an election by name, sorted by name: in the table, shorter names come first."""
    return dict(sorted((str(key[1]), record) for key, record in table.scan(ctx, election)))
