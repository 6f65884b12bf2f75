"""Who may have which blob: what the ledger's rights say.

A round's blob (an update, a sum, a state) is for the members of its study; an asset's bytes are for those
whom its rights let download it, for the purpose that they name. What belongs to nothing on the ledger is
served to nobody but its own member, apart from updates on their way to the ledger, which this member's worker
has just offered to the members of the study.

Ids stand on the ledger for everybody to read, so an id that others wrote into a study is no right to bytes
which this node has for other reasons. It hands out what its own member named; what another named as its
update, if that member left it here; and outcomes to which its own member committed.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from consortia.kernel.block import Event, Receipt, parse_leaf
from consortia.kernel.context import Context
from consortia.kernel.ledger import Ledger
from consortia.modules.assets import Keeper as Assets
from consortia.modules.assets.state import ASSETS, VERSIONS
from consortia.modules.training.rules import commitment
from consortia.modules.training.state import JOINS, RESULTS, ROUNDS, STUDIES, submissions_of
from consortia.modules.training.types import Outcome

OFFERED_MAX = 4_096
ROUND_BLOB_BYTES_MAX = 2 << 30
"""A round's blob has at most so many bytes: 2^28 words of 8 bytes."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What makes a blob one of a study's: a member's word, or the agreed outcome of a round of it."""

    study: bytes
    member: str = ""
    round: bytes = b""
    outcome: Outcome | None = None


class BlobRights:
    """Which studies and assets each blob belongs to, kept up with the ledger. Used on one thread."""

    def __init__(self, ledger: Ledger, member: str, left: Callable[[str, bytes], bool]) -> None:
        """Judge for the node of `member`; `left` says whether another member left a blob here."""
        self._ledger, self._member, self._left = ledger, member, left
        self._claims: dict[bytes, set[Claim]] = {}
        self._assets: dict[bytes, set[bytes]] = {}
        self._offered: OrderedDict[bytes, bytes] = OrderedDict()
        self._height = -1
        self._keeper = Assets()

    def offer(self, blob: bytes, study: bytes) -> None:
        """Let the members of a study have an update that is not on the ledger yet."""
        self._offered[blob] = study
        self._offered.move_to_end(blob)
        while len(self._offered) > OFFERED_MAX:
            self._offered.popitem(last=False)

    def may_read(self, member: str, blob: bytes, purpose: str = "*") -> bool:
        """Whether a member's programs may have a blob (an asset's bytes: for a purpose)."""
        self._follow()
        claims = set(self._claims.get(blob, ()))
        if blob in self._offered:
            claims.add(Claim(self._offered[blob], self._member))
        assets = self._assets.get(blob, set())
        allowed: list[bool] = []

        def decide(ctx: Context) -> None:
            studies = {claim.study for claim in claims if self._stands(ctx, claim, blob)}
            good, running = own_claims(ctx, self._member, assets, studies)
            allowed.extend(takes_part(ctx, study, member) for study in running)
            allowed.extend(self._keeper.may(ctx, member, asset, "download", purpose) for asset in good)

        self._ledger.ask(decide)
        return any(allowed)

    def _stands(self, ctx: Context, claim: Claim, blob: bytes) -> bool:
        """Whether this node has the blob for the reason that is claimed, and not for another."""
        if claim.outcome is None:
            return claim.member == self._member or self._left(claim.member, blob)
        own = RESULTS.get(ctx, claim.round, self._member)
        return own is not None and own.commitment == commitment(claim.round, self._member, claim.outcome)

    def _follow(self) -> None:
        tip = self._ledger.tip.height
        if self._height < 0:
            self._ledger.ask(self._read_all)
        else:
            for height in range(self._height + 1, tip + 1):
                header = self._ledger.header(height)
                end = self._ledger.header_index(height)
                for index in range(0 if header is None else header.first, end or 0):
                    self._read_leaf(self._ledger.leaf(index))
        self._height = tip

    def _read_all(self, ctx: Context) -> None:
        for _, study in STUDIES.scan(ctx):
            self._read_study(ctx, study.id)
        for _, one in ROUNDS.scan(ctx):
            for name, update in submissions_of(ctx, one.id).items():
                self._claim(update.blob, Claim(one.study, name))
            if one.outcome is not None:  # what one member opened alone could name anybody's blob
                self._agreed(one.study, one.id, one.outcome)
        for (asset, _), version in VERSIONS.scan(ctx):
            if isinstance(asset, bytes):
                self._link(version.commitment, asset)

    def _read_leaf(self, data: bytes | None) -> None:
        receipt = None if data is None else parse_leaf(data)
        if isinstance(receipt, Receipt):
            for event in receipt.events:
                self._read_event(event)

    def _read_event(self, event: Event) -> None:
        match event.name:
            case "training.study_proposed":
                self._ledger.ask(lambda ctx: self._read_study(ctx, _digest(event, "study")))
            case "training.update_submitted":
                claim = Claim(_digest(event, "study"), str(event.body["member"]))
                self._claim(_digest(event, "blob"), claim)
            case "training.round_final":
                outcome = Outcome(_digest(event, "sum"), _digest(event, "state"))
                self._agreed(_digest(event, "study"), _digest(event, "round"), outcome)
            case "training.study_finished":
                self._link_model(_digest(event, "model"))
            case "assets.registered" | "assets.versioned":
                self._link(_digest(event, "commitment"), _digest(event, "asset"))

    def _link_model(self, model: bytes) -> None:
        """A finished study's model is an asset with rights of its own."""
        found: list[bytes] = []

        def read(ctx: Context) -> None:
            version = VERSIONS.get(ctx, model, 1)
            found.extend([] if version is None else [version.commitment])

        self._ledger.ask(read)
        for blob in found:
            self._link(blob, model)

    def _read_study(self, ctx: Context, study: bytes) -> None:
        record = STUDIES.get(ctx, study)
        if record is not None:
            self._claim(record.terms.initial, Claim(record.id, record.proposer))

    def _agreed(self, study: bytes, round_id: bytes, outcome: Outcome) -> None:
        for blob in (outcome.sum, outcome.state):
            self._claim(blob, Claim(study, round=round_id, outcome=outcome))

    def _claim(self, blob: bytes, claim: Claim) -> None:
        self._claims.setdefault(blob, set()).add(claim)

    def _link(self, blob: bytes, asset: bytes) -> None:
        self._assets.setdefault(blob, set()).add(asset)


def _digest(event: Event, name: str) -> bytes:
    found = event.body[name]
    if not isinstance(found, bytes):
        raise TypeError(f"{name} of {event.name} is no hash")
    return found


def takes_part(ctx: Context, study: bytes, member: str) -> bool:
    """Whether a member proposed a study, joined it, or is invited to it."""
    record = STUDIES.get(ctx, study)
    if record is None:
        return False
    return member == record.proposer or member in record.terms.invited or JOINS.has(ctx, study, member)


def own_claims(
    ctx: Context, member: str, assets: set[bytes], studies: set[bytes]
) -> tuple[list[bytes], list[bytes]]:
    """The assets and the studies under which the node of `member` may hand a blob out.

    Anybody can write another's blob id into an asset or a study of its own making, with rights as wide as it
    likes; so a node serves its member's assets, and the blobs and models of studies that its member proposed
    or joined. What its member registered as its own asset, no study opens but one that it proposed.
    """
    found = (ASSETS.get(ctx, asset) for asset in sorted(assets))
    records = [record for record in found if record is not None]
    private = [record.id for record in records if record.owner == member and record.study is None]
    if private:
        return private, [study for study in sorted(studies) if _proposed(ctx, study, member)]
    running = [study for study in sorted(studies) if _works_in(ctx, study, member)]
    models = [record.id for record in records if record.owner == member or record.study in running]
    return models, running


def _proposed(ctx: Context, study: bytes, member: str) -> bool:
    record = STUDIES.get(ctx, study)
    return record is not None and member == record.proposer


def _works_in(ctx: Context, study: bytes, member: str) -> bool:
    return _proposed(ctx, study, member) or JOINS.has(ctx, study, member)
