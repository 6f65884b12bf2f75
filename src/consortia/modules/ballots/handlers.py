"""How each message is judged and executed: CHECK, DECIDE, WRITE, EMIT."""

from msgspec.structs import replace

from consortia.base.refusals import Refused, require
from consortia.exact import ballot, ceremony, decryption
from consortia.kernel.context import Context
from consortia.modules.ballots import messages as asked
from consortia.modules.ballots import refusals as codes
from consortia.modules.ballots import rules
from consortia.modules.ballots.keeper import Asked, Keeper
from consortia.modules.ballots.ports import Ports
from consortia.modules.ballots.state import (
    KEPT,
    OPEN,
    PARTS,
    PROGRESS,
    SEEN,
    TRUSTEES,
    ballots,
    found,
    parts,
    trustees,
)
from consortia.modules.ballots.types import (
    OPEN_MAX,
    BallotCast,
    DealerDisqualified,
    Dealing,
    Election,
    ElectionDecided,
    ElectionEnded,
    ElectionFailed,
    Failure,
    Kept,
    KeyCommitted,
    KeyOpened,
    Open,
    Part,
    PartDecrypted,
    Progress,
    Seen,
    Trustee,
    VotingBegan,
    VotingClosed,
)


def open_election(ctx: Context, message: asked.OpenElection, ports: Ports) -> None:
    """Open an election among all members."""
    # CHECK
    member = ctx.signer.member
    held = OPEN.get(ctx, member) or Open(0)
    require(held.count < OPEN_MAX, codes.TOO_MANY, f"{held.count}")
    # DECIDE
    wanted = Asked(
        subject=message.subject,
        title=message.title,
        voters=ports.members.members(ctx),
        trustees=message.trustees,
        choices=message.choices,
        times=message.times,
        opener=member,
    )
    # WRITE, EMIT
    Keeper().open(ctx, wanted)
    OPEN.put(ctx, Open(held.count + 1), member)


def commit_key(ctx: Context, message: asked.CommitKey, ports: Ports) -> None:
    """Take a trustee's sealing key and commitment."""
    # CHECK
    election, _ = found(ctx, message.election)
    name = ctx.signer.member
    require(ctx.time < election.times.commit, codes.TOO_LATE)
    require(name in election.trustees, codes.NOT_A_TRUSTEE, name)
    require(not TRUSTEES.has(ctx, election.id, name), codes.ALREADY_DONE, name)
    with codes.named():
        ceremony.check_sealing_key(election.id, name, message.sealing, message.proof)
    # WRITE
    trustee = Trustee(message.sealing, message.dealing, None, None, ctx.height)
    TRUSTEES.put(ctx, trustee, election.id, name)
    # EMIT
    ctx.emit(KeyCommitted(election.id, name))


def open_key(ctx: Context, message: asked.OpenKey, ports: Ports) -> None:
    """Take a dealer's coefficients and shares."""
    # CHECK
    election, _ = found(ctx, message.election)
    name = ctx.signer.member
    _check_between(ctx, election.times.commit, election.times.open)
    require(name in election.trustees, codes.NOT_A_TRUSTEE, name)
    trustee = TRUSTEES.get(ctx, election.id, name)
    if trustee is None:
        raise Refused(codes.NOT_COMMITTED, name)
    require(trustee.dealing is None, codes.ALREADY_DONE, name)
    holders = len(trustees(ctx, election.id))
    require(len(message.shares) == holders, codes.WRONG_SHAPE, f"{holders} trustees committed")
    with codes.named():
        ceremony.check_coefficients(election.id, name, message.coefficients, rules.needed(election))
        ceremony.check_shares(message.shares)
    opened = ceremony.dealing_hash(election.id, name, message.coefficients)
    require(opened == trustee.committed, codes.NOT_AS_COMMITTED)
    # WRITE
    dealing = Dealing(message.coefficients, message.shares)
    TRUSTEES.put(ctx, replace(trustee, dealing=dealing, height=ctx.height), election.id, name)
    # EMIT
    ctx.emit(KeyOpened(election.id, name))


def complain(ctx: Context, message: asked.Complain, ports: Ports) -> None:
    """Judge a holder's complaint by its own share, which is all that it shows."""
    # CHECK
    election, _ = found(ctx, message.election)
    name, dealer = ctx.signer.member, message.dealer
    _check_between(ctx, election.times.open, election.times.complain)
    require(name in election.trustees, codes.NOT_A_TRUSTEE, name)
    committed = trustees(ctx, election.id)
    accused = committed.get(dealer)
    if accused is None or accused.dealing is None or name not in committed:
        raise Refused(codes.NO_SHARE, dealer)
    require(accused.accuser is None, codes.ALREADY_DONE, dealer)
    sealed = accused.dealing.shares[list(committed).index(name)]
    with codes.named():
        share = ceremony.check_complaint(
            election.id,
            dealer,
            name,
            key=committed[name].sealing,
            sealed=sealed,
            shown=(message.shared, message.proof),
        )
    points = [each.point for each in accused.dealing.coefficients]
    require(not ceremony.fits(share, rules.index(election, name), points), codes.SHARE_FITS, dealer)
    # WRITE
    TRUSTEES.put(ctx, replace(accused, accuser=name, height=ctx.height), election.id, dealer)
    # EMIT
    ctx.emit(DealerDisqualified(election.id, dealer, name))


def begin_voting(ctx: Context, message: asked.BeginVoting, ports: Ports) -> None:
    """Make the key, or fail where too few dealers qualify."""
    # CHECK
    election, progress = found(ctx, message.election)
    require(ctx.time >= election.times.complain, codes.TOO_EARLY)
    require(progress.status == "preparing", codes.ALREADY_DONE)
    # DECIDE
    key = rules.begun(election, trustees(ctx, election.id))
    # WRITE, EMIT
    if key is None:
        _fail(ctx, election, progress, "no_key")
        return
    PROGRESS.put(ctx, replace(progress, status="voting", key=key), election.id)
    ctx.emit(VotingBegan(election.id, key.commitments[0], key.qualified))


def cast(ctx: Context, message: asked.Cast, ports: Ports) -> None:
    """Take a voter's ballot in the place of its earlier one."""
    # CHECK
    election, progress = found(ctx, message.election)
    voter, key = ctx.signer.member, progress.key
    require(ctx.time < election.times.vote and progress.status in {"preparing", "voting"}, codes.TOO_LATE)
    if key is None:
        raise Refused(codes.TOO_EARLY, "there is no key yet")
    require(voter in election.voters, codes.NOT_A_VOTER, voter)
    ciphertexts = [ballot.ciphertext_hash(each.ciphertext) for each in message.ballot.choices]
    for each in ciphertexts:
        require(not SEEN.has(ctx, election.id, each), codes.REPEATED)
    with codes.named():
        ballot.check_ballot(rules.terms(ctx.network, election, key), voter, message.ballot)
    # DECIDE
    earlier = KEPT.get(ctx, election.id, voter)
    before = None if earlier is None else earlier.ballot
    sums = rules.replaced(progress.sums, before, message.ballot)
    casts = 1 if earlier is None else earlier.casts + 1
    kept = Kept(message.ballot, message.ballot.hash(), ctx.transaction, casts, ctx.time)
    count = progress.ballots + (earlier is None)
    # WRITE
    for each in ciphertexts:
        SEEN.put(ctx, Seen(voter), election.id, each)
    KEPT.put(ctx, kept, election.id, voter)
    PROGRESS.put(ctx, replace(progress, ballots=count, sums=sums), election.id)
    # EMIT
    ctx.emit(BallotCast(election.id, voter, kept.hash, earlier is not None))


def close_voting(ctx: Context, message: asked.CloseVoting, ports: Ports) -> None:
    """Name the one sum that may be decrypted, or fail where there are too few ballots."""
    # CHECK
    election, progress = found(ctx, message.election)
    require(ctx.time >= election.times.vote and progress.status != "preparing", codes.TOO_EARLY)
    require(progress.status == "voting", codes.ALREADY_DONE)
    # DECIDE
    root, name = rules.closed_sum(election, progress, ballots(ctx, election.id))
    closed = replace(progress, status="opening", root=root, sum=name, closed=ctx.height)
    # WRITE, EMIT
    PROGRESS.put(ctx, closed, election.id)
    ctx.emit(VotingClosed(election.id, progress.ballots, root, name))
    if name is None:
        _fail(ctx, election, closed, "too_few_ballots")


def decrypt(ctx: Context, message: asked.Decrypt, ports: Ports) -> None:
    """Take a trustee's one part of the decryption; the last that is needed decides."""
    # CHECK
    election, progress = found(ctx, message.election)
    name, key = ctx.signer.member, progress.key
    require(ctx.time < election.times.decrypt and progress.failure is None, codes.TOO_LATE)
    if key is None or progress.sum is None:
        raise Refused(codes.TOO_EARLY, progress.status)
    require(name in election.trustees, codes.NOT_A_TRUSTEE, name)
    require(not PARTS.has(ctx, election.id, name), codes.ALREADY_DONE, name)
    require(message.sum == progress.sum, codes.OTHER_SUM, message.sum.hex())
    with codes.named():
        decryption.check_partial(
            rules.terms(ctx.network, election, key),
            message.sum,
            name,
            key=rules.verification_key(election, key, name),
            pads=[each.pad for each in progress.sums],
            partial=message.partial,
        )
    # DECIDE
    there = {each: part.partial for each, part in parts(ctx, election.id).items()}
    counts = progress.counts or rules.counted(election, progress, {**there, name: message.partial})
    # WRITE
    PARTS.put(ctx, Part(message.partial, ctx.height), election.id, name)
    if counts is not None and progress.counts is None:
        PROGRESS.put(ctx, replace(progress, status="decided", counts=counts), election.id)
    # EMIT
    ctx.emit(PartDecrypted(election.id, name))
    if counts is not None and progress.counts is None:
        ctx.emit(ElectionDecided(election.id, counts))


def end_election(ctx: Context, message: asked.EndElection, ports: Ports) -> None:
    """Name the trustees that gave no part; fail where too few did."""
    # CHECK
    election, progress = found(ctx, message.election)
    over = ctx.time >= election.times.decrypt and progress.status not in {"preparing", "voting"}
    require(over, codes.TOO_EARLY)
    require(progress.absent is None and progress.sum is not None, codes.ALREADY_DONE)
    # DECIDE
    there = parts(ctx, election.id)
    absent = tuple(name for name in election.trustees if name not in there)
    ended = replace(progress, absent=absent)
    # WRITE, EMIT
    ctx.emit(ElectionEnded(election.id, absent))
    if progress.counts is None:
        _fail(ctx, election, ended, "too_few_parts")
        return
    PROGRESS.put(ctx, replace(ended, over=ctx.height), election.id)
    _over(ctx, election)


def _check_between(ctx: Context, start: int, end: int) -> None:
    require(ctx.time >= start, codes.TOO_EARLY)
    require(ctx.time < end, codes.TOO_LATE)


def _fail(ctx: Context, election: Election, progress: Progress, why: Failure) -> None:
    """End an election without an outcome."""
    PROGRESS.put(ctx, replace(progress, status="failed", failure=why, over=ctx.height), election.id)
    _over(ctx, election)
    ctx.emit(ElectionFailed(election.id, why))


def _over(ctx: Context, election: Election) -> None:
    """Let the opener open another one."""
    if election.opener is not None:
        held = OPEN.get(ctx, election.opener) or Open(1)
        OPEN.put(ctx, Open(held.count - 1), election.opener)
