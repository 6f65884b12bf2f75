"""How an organisation becomes a member, step by step, over sessions.

1. A member's people propose what the joiner posted; the proposal counts as their approval.
2. The other members' people approve, until more than two thirds of all did.
3. The joiner accepts. If the member set changed before, it carries the checkpoint that made that final.
"""

from consortia.base.codec import decode_record
from consortia.kernel.block import Block, Receipt
from consortia.modules.identity.messages import Accept, ApproveMember, ProposeMember
from consortia.modules.identity.queries import ChangesFrom, ChangesView, Nothing, ProposalsView
from consortia.modules.identity.rules import FULL_QUOTA
from consortia.node.invitations import JoinRequest
from consortia.sdk.errors import RequestFailed
from consortia.sdk.session import Session
from consortia.sdk.transport import CBOR

PROPOSAL_MILLISECONDS = 7 * 24 * 3600 * 1000


def propose(session: Session, posted: bytes) -> Receipt:
    """Step 1, for the encoded `JoinRequest` that a joiner posted; raises TransactionRefused, Malformed."""
    request = decode_record(JoinRequest, posted)
    now = session.status()["time"]
    message = ProposeMember(
        request.name, request.title, request.keys, FULL_QUOTA, now + PROPOSAL_MILLISECONDS
    )
    return session.submit(message)


def approve(session: Session, name: str) -> Receipt:
    """Step 2, for one member."""
    return session.submit(ApproveMember(name))


def awaited(session: Session, name: str) -> tuple[str, ...] | None:
    """The members whose approval of `name` is awaited; empty once enough said yes, None when none is open."""
    found = session.query(ProposalsView, "identity.proposals", Nothing())
    for view in found.proposals:
        if (view.kind, view.name) == ("admission", name):
            return () if len(view.proposal.approvals) >= view.needed else view.awaited
    return None


def accept(session: Session, name: str) -> Receipt:
    """Step 3, signed by the joiner's administrator; waits for the checkpoint that it must carry."""
    return session.submit(Accept(name, vouching_checkpoint(session)))


def arrive(session: Session) -> None:
    """Wait until the joiner's own node has followed the ledger so far that it knows its member's keys."""

    def known() -> bool:
        try:
            return session.status()["member"] in session.status()["members"]
        except RequestFailed as failed:
            if failed.status != 401:
                raise
            return False

    session.wait_until(known, "sign that this node knows its own member")


def vouching_checkpoint(session: Session) -> bytes | None:
    """The final checkpoint that ends with the newest change of the member set; None before the first change.

    A change of the member set must carry it. Waits until it is final; raises Unreachable when it is not.
    """
    page = session.query(ChangesView, "identity.set_changes", ChangesFrom(0))
    if page.total > len(page.changes):
        page = session.query(ChangesView, "identity.set_changes", ChangesFrom(page.total - 1))
    if page.total <= 1:
        return None
    height = page.changes[-1].height
    size = page.changes[-1].first_leaf + _count(session, height) + 1
    session.wait_until(lambda: session.checkpoint(size) is not None, f"final checkpoint of block {height}")
    return session.checkpoint(size)


def _count(session: Session, height: int) -> int:
    """How many transactions a block has."""
    answer = session.transport.request("GET", f"/v1/blocks/{height}", headers={"Accept": CBOR}).expect(200)
    return len(decode_record(Block, answer.body).transactions)
