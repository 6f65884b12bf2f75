"""What other modules may ask about agents' acts, and what they tell of how those turned out."""

from msgspec.structs import replace

from consortia.kernel.context import Context
from consortia.modules.predictions.rules import brier, trusted
from consortia.modules.predictions.state import (
    DEEDS,
    PERFORMED,
    PLEDGES,
    deed_id,
    text,
    track_of,
    write_track,
)
from consortia.modules.predictions.types import PPM_MAX, Deed, Pledge, Track

NESTED_BITS = 32
"""A call within a call has its own place above so many bits (`kernel.nested`)."""


class Keeper:
    """The module's door for its neighbours: the act behind a call, and an agent's track record.

    A record belongs to an owner and the content of what acts for it (a model or a program): a new mandate for
    the same model goes on with it, a new model starts anew.
    """

    def deed(self, ctx: Context) -> Deed | None:
        """The act that accounts for the call that runs now; None where it is no agent's."""
        outer = ctx.call & ((1 << NESTED_BITS) - 1)
        performed = PERFORMED.get(ctx, ctx.transaction, outer) if ctx.call != outer else None
        return DEEDS.get(ctx, deed_id(ctx, call=0) if performed is None else performed.deed)

    def pledge(self, ctx: Context, subject: bytes) -> None:
        """Hold the agent that acts to the probability it stated, until `subject` is decided.

        Of several statements of one agent about one subject the last counts, under whatever mandate: so a
        subject has no more statements than its electors have names for agents. Nothing happens where the call
        is no agent's.
        """
        deed = self.deed(ctx)
        if deed is not None:
            pledge = Pledge(deed.owner, deed.content, deed.account.stated)
            PLEDGES.put(ctx, pledge, subject, deed.owner, deed.agent)

    def resolve(self, ctx: Context, subject: bytes, *, outcome: bool) -> None:
        """Score every statement about `subject`, which was decided with yes or with no."""
        for (_, owner, agent), pledge in PLEDGES.scan(ctx, subject):
            track = track_of(ctx, pledge.owner, pledge.content)
            scored = replace(
                track,
                resolved=track.resolved + 1,
                brier=track.brier + brier(pledge.stated, outcome=outcome),
                baseline=track.baseline + brier(PPM_MAX, outcome=outcome),
            )
            write_track(ctx, pledge.owner, pledge.content, scored)
            PLEDGES.delete(ctx, subject, text(owner), text(agent))

    def void(self, ctx: Context, subject: bytes) -> None:
        """Let go of every statement about `subject`, which was never decided."""
        for (_, owner, agent), _ in PLEDGES.scan(ctx, subject):
            PLEDGES.delete(ctx, subject, text(owner), text(agent))

    def overridden(self, ctx: Context, owner: str, content: bytes) -> None:
        """Count that an officer of the owner put another vote in the place of the agent's."""
        track = track_of(ctx, owner, content)
        write_track(ctx, owner, content, replace(track, overrides=track.overrides + 1))

    def vetoed(self, ctx: Context, owner: str, content: bytes) -> None:
        """Count that what the agent proposed or brought about was stopped by officers."""
        track = track_of(ctx, owner, content)
        write_track(ctx, owner, content, replace(track, vetoes=track.vetoes + 1))

    def track(self, ctx: Context, owner: str, content: bytes) -> Track:
        """The track record of what acts for an owner; all noughts where it never did."""
        return track_of(ctx, owner, content)

    def advises_only(self, ctx: Context, owner: str, content: bytes) -> bool:
        """Whether an agent has fallen back to advice: worse than always saying yes, over enough decisions."""
        return not trusted(track_of(ctx, owner, content))
