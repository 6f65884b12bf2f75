"""The steps that only masked rounds have: keys, shares, complaints, and what is revealed."""

from dataclasses import replace

from consortia.base.order import is_sorted
from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.training import masks, rules
from consortia.modules.training import refusals as codes
from consortia.modules.training.events import (
    DealerAccused,
    DealerAnswered,
    KeysPublished,
    SharesDealt,
    SharesRevealed,
)
from consortia.modules.training.handlers import running_study, tell, usable
from consortia.modules.training.messages import Answer, Complain, DealShares, PublishKeys, Reveal
from consortia.modules.training.ports import Ports
from consortia.modules.training.rules import Change
from consortia.modules.training.state import (
    COMPLAINTS,
    DEALINGS,
    KEYS,
    REVEALED,
    SUBMISSIONS,
    keys_of,
    open_round,
    write,
)
from consortia.modules.training.steps import facts_of, following, part_of, round_at
from consortia.modules.training.types import Complaint, Dealing, Progress, Revealed, Round, RoundKeys, Study

KEYS_COST = 300
DEAL_COST = 400
SHARE_COST = 10
COMPLAIN_COST = 300
ANSWER_COST = 400
REVEAL_COST = 600
REVEALED_COST = 40
"""Checking a revealed share, and its part in recovering the secret, takes about 30 us."""


def deal_cost(message: DealShares) -> int:
    """The cost of a DealShares: what it writes."""
    return DEAL_COST + SHARE_COST * len(message.shares)


def reveal_cost(message: Reveal) -> int:
    """The cost of a Reveal: every share is checked, and used once there are enough."""
    return REVEAL_COST + REVEALED_COST * len(message.shares)


def publish_keys(ctx: Context, message: PublishKeys, ports: Ports) -> None:
    """Fix the own keys for the open round, or for the one after it."""
    # CHECK
    study, progress = running_study(ctx, message.study)
    member = ctx.signer.member
    part = part_of(ctx, study)
    require(usable(ctx, study, member, part, ports), codes.DATASET_CLOSED)
    this = _round_of_keys(ctx, study, progress, message.round)
    require(not KEYS.has(ctx, message.round, member), codes.ALREADY_DONE)
    others = keys_of(ctx, message.round).values()
    require(masks.keys_fit(message.masking, message.sealing, others), codes.BAD_KEYS)
    # DECIDE
    keys = RoundKeys(message.masking, message.sealing, message.seed)
    change = Change(progress)
    if this is not None:
        facts = facts_of(ctx, ports, (study, progress, this))
        change = following(ctx, replace(facts, keys=dict(sorted({**facts.keys, member: keys}.items()))))
    # WRITE
    KEYS.put(ctx, keys, message.round, member)
    write(ctx, study, change)
    # EMIT
    ctx.emit(KeysPublished(study.id, message.round, member))
    tell(ctx, change)


def deal_shares(ctx: Context, message: DealShares, ports: Ports) -> None:
    """Deal shares of the own secrets to one's neighbours."""
    # CHECK
    study, progress = running_study(ctx, message.study)
    member = ctx.signer.member
    part = part_of(ctx, study)
    require(usable(ctx, study, member, part, ports), codes.DATASET_CLOSED)
    this = round_at(ctx, progress, message.study, message.round, "shares")
    require(member in this.keyed, codes.NOT_IN_ROUND, member)
    facts = facts_of(ctx, ports, (study, progress, this))
    require(member not in facts.dealings, codes.ALREADY_DONE)
    require(message.graph == this.graph, codes.OTHER_KEYS)
    holders = masks.neighbourhood(this, member)
    require(len(message.shares) == len(holders), codes.BAD_SHARES, f"{len(message.shares)} of {len(holders)}")
    # DECIDE
    dealing = Dealing(message.shares)
    change = following(ctx, replace(facts, dealings={**facts.dealings, member: dealing}))
    # WRITE
    DEALINGS.put(ctx, dealing, this.id, member)
    write(ctx, study, change)
    # EMIT
    ctx.emit(SharesDealt(study.id, this.id, member))
    tell(ctx, change)


def complain(ctx: Context, message: Complain, ports: Ports) -> None:
    """Say that a dealer's shares for oneself do not open, before one's own update is masked."""
    # CHECK
    study, progress = running_study(ctx, message.study)
    member, dealer = ctx.signer.member, message.dealer
    part_of(ctx, study)
    this = round_at(ctx, progress, message.study, message.round, "submit")
    require(member in this.dealers, codes.NOT_IN_ROUND, member)
    done = SUBMISSIONS.has(ctx, this.id, member) or COMPLAINTS.has(ctx, this.id, dealer, member)
    require(not done, codes.ALREADY_DONE)
    require(dealer != member and dealer in masks.held(this, member), codes.UNFOUNDED, dealer)
    until = masks.complaints_end(this)
    require(ctx.time < until, codes.TOO_LATE, f"{ctx.time}, complaints ended at {until}")
    # WRITE
    COMPLAINTS.put(ctx, Complaint(ctx.height, None), this.id, dealer, member)
    # EMIT
    ctx.emit(DealerAccused(study.id, this.id, dealer, member))


def answer(ctx: Context, message: Answer, ports: Ports) -> None:
    """Show the shares that one dealt to a holder who complains of them."""
    # CHECK
    study, progress = running_study(ctx, message.study)
    member, holder = ctx.signer.member, message.holder
    part_of(ctx, study)
    this = round_at(ctx, progress, message.study, message.round, "submit")
    until = masks.answers_end(this)
    require(ctx.time < until, codes.TOO_LATE, f"{ctx.time}, answers ended at {until}")
    complaint = COMPLAINTS.get(ctx, this.id, member, holder)
    dealing = DEALINGS.get(ctx, this.id, member)
    if complaint is None or dealing is None:
        raise Refused(codes.UNFOUNDED, holder)
    require(complaint.answer is None, codes.ALREADY_DONE)
    entry = masks.entry(this, dealing, member, holder)
    require(masks.are_dealt(this, entry, message.shares, member, holder), codes.NOT_AS_DEALT, holder)
    # DECIDE
    facts = facts_of(ctx, ports, (study, progress, this))
    answered = Complaint(complaint.height, message.shares)
    change = following(ctx, replace(facts, complaints={**facts.complaints, (member, holder): answered}))
    # WRITE
    COMPLAINTS.put(ctx, answered, this.id, member, holder)
    write(ctx, study, change)
    # EMIT
    ctx.emit(DealerAnswered(study.id, this.id, member, holder))
    tell(ctx, change)


def reveal(ctx: Context, message: Reveal, ports: Ports) -> None:
    """Reveal one kind of share of each dealer, and lift the masks once there are enough."""
    # CHECK
    study, progress = running_study(ctx, message.study)
    member = ctx.signer.member
    part_of(ctx, study)
    this = round_at(ctx, progress, message.study, message.round, "reveal")
    require(member in this.dealers, codes.NOT_IN_ROUND, member)
    facts = facts_of(ctx, ports, (study, progress, this))
    require(member not in facts.revealed, codes.ALREADY_DONE)
    held = masks.held(this, member)
    shown = [share.dealer for share in message.shares]
    require(is_sorted(shown) and set(shown) <= set(held), codes.BAD_SHARES, ", ".join(shown))
    for share in message.shares:
        dealing = DEALINGS.get(ctx, this.id, share.dealer)
        dealt = dealing is not None and masks.is_dealt(
            this, masks.entry(this, dealing, share.dealer, member), share, member
        )
        require(dealt, codes.NOT_AS_DEALT, share.dealer)
    # DECIDE
    revealed = Revealed(message.shares)
    change = following(ctx, replace(facts, revealed={**facts.revealed, member: revealed}))
    # WRITE
    REVEALED.put(ctx, revealed, this.id, member)
    write(ctx, study, change)
    # EMIT
    ctx.emit(SharesRevealed(study.id, this.id, member))
    tell(ctx, change)


def _round_of_keys(ctx: Context, study: Study, progress: Progress, identity: bytes) -> Round | None:
    """The open round that keys are for, or None when they are for the one after it; raises Refused."""
    this = open_round(ctx, progress, study.id)
    if this is not None and this.id != identity:
        stages = study.terms.stages
        later = this.index + 1 < rules.rounds_of(stages)
        if later and rules.next_round_id(study, this) == identity:
            stage = stages[rules.stage_of(stages, this.index + 1)]
            require(stage.mode == "masked", codes.WRONG_STEP, "keys, the next round is open")
            require(
                this.step in {"commit", "open"}, codes.WRONG_STEP, f"keys, the round waits for {this.step}"
            )
            require(ctx.signer.member in this.members, codes.NOT_IN_ROUND, ctx.signer.member)
            return None
    return round_at(ctx, progress, study.id, identity, "keys")
