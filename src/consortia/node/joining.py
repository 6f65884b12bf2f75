"""How an organisation becomes a member, step by step, each by a client of whoever acts.

1. A member's officers propose what the joiner posted; the proposal counts as their approval.
2. The other members' officers approve, until more than two thirds of all did.
3. The joiner accepts. If the member set changed before, it carries the checkpoint that made that final.
4. The joiner's node, from now on one of the members', follows the ledger.
"""

import time
from collections.abc import Callable

from consortia.base.codec import decode_record
from consortia.base.times import DAY
from consortia.kernel.block import Block, Receipt
from consortia.modules.identity.messages import Accept, ApproveMember, ProposeMember
from consortia.modules.identity.queries import ChangesFrom, ChangesView, Nothing, ProposalsView, ProposalView
from consortia.modules.identity.rules import FULL_QUOTA
from consortia.node.invitations import JoinRequest
from consortia.sdk.client import Client
from consortia.sdk.errors import RequestFailed, Unreachable

PROPOSAL_MILLISECONDS = 7 * DAY
WAIT_SECONDS = 30.0
_PAUSE_SECONDS = 0.02


def propose(client: Client, posted: bytes) -> Receipt:
    """Step 1, for the encoded `JoinRequest` that a joiner posted; raises TransactionRefused, Malformed."""
    request = decode_record(JoinRequest, posted)
    expires = client.status().time + PROPOSAL_MILLISECONDS
    return client.submit(ProposeMember(request.name, request.title, request.keys, FULL_QUOTA, expires))


def approve(client: Client, name: str) -> Receipt:
    """Step 2, for one member; raises TransactionRefused, Unreachable."""
    found = proposed(client, "admission", name, WAIT_SECONDS)
    if found is None:
        raise Unreachable(f"no proposal at {client.url} to admit {name} within {WAIT_SECONDS:.0f} s")
    return client.submit(ApproveMember(name, found.id))


def proposed(client: Client, kind: str, name: str, seconds: float = 0) -> ProposalView | None:
    """The open proposal of a kind about `name`, or None.

    A node may learn of it after others: it is asked for `seconds`. Raises LedgerError without an answer.
    """
    deadline = time.monotonic() + seconds
    while True:
        for one in client.query("identity.proposals", Nothing(), ProposalsView).proposals:
            if (one.kind, one.name) == (kind, name):
                return one
        if time.monotonic() >= deadline:
            return None
        time.sleep(_PAUSE_SECONDS)


def awaited(client: Client, name: str) -> tuple[str, ...] | None:
    """The members whose approval of `name` is awaited; empty once enough said yes, None when none is open."""
    view = proposed(client, "admission", name)
    if view is None:
        return None
    return () if len(view.proposal.approvals) >= view.needed else view.awaited


def accept(client: Client, name: str) -> Receipt:
    """Step 3, by the joiner's administrator at a member's node; waits for the checkpoint to carry."""
    return client.submit(Accept(name, vouching_checkpoint(client)))


def arrive(client: Client) -> None:
    """Step 4: wait until the joiner's own node has followed so far that it knows its member."""

    def known() -> bool:
        try:
            status = client.status()
        except RequestFailed as failed:
            if failed.status != 401:
                raise
            return False
        return status.member in status.members

    wait_until(known, f"sign that {client.url} knows its own member")


def vouching_checkpoint(client: Client) -> bytes | None:
    """The final checkpoint that ends with the newest change of the member set; None before the first change.

    A change of the member set must carry it. Waits until there is one; raises Unreachable after a while.
    """
    page = client.query("identity.set_changes", ChangesFrom(0), ChangesView)
    if page.total > len(page.changes):
        page = client.query("identity.set_changes", ChangesFrom(page.total - 1), ChangesView)
    if page.total <= 1:
        return None
    newest = page.changes[-1]
    size = newest.first_leaf + _transactions(client, newest.height) + 1
    found: list[bytes] = []

    def kept() -> bool:
        try:
            found.append(client.fetch("/v1/checkpoint", {"size": size}).body)
        except RequestFailed as failed:
            if failed.status != 404:
                raise
        return bool(found)

    wait_until(kept, f"final checkpoint of block {newest.height}, which changed the member set")
    return found[0]


def wait_until(holds: Callable[[], bool], what: str, seconds: float = WAIT_SECONDS) -> None:
    """Ask again and again until `holds`; raises Unreachable, naming `what`, after so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise Unreachable(f"no {what} within {seconds:.0f} s")
        time.sleep(_PAUSE_SECONDS)


def _transactions(client: Client, height: int) -> int:
    """How many transactions a block has."""
    return len(client.record(f"/v1/blocks/{height}", Block).transactions)
