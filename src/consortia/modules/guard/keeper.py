"""What the kernel may ask of the guard: whether a member may start something new."""

from dataclasses import dataclass

from consortia.base.refusals import Refused
from consortia.kernel.context import Context
from consortia.modules.guard import refusals as codes
from consortia.modules.guard.rules import runs
from consortia.modules.guard.state import SUSPENSIONS


@dataclass(frozen=True, slots=True)
class Keeper:
    """The guard's front door, and what stops a suspended member's calls (`kernel.ports.Stops`)."""

    def check(self, ctx: Context, method: str) -> None:
        """Raise Refused where the signer's member is suspended now.

        The kernel asks only about methods that may be stopped at all: those that start something new. Votes,
        trustees' duties, council seats, appeals, reveals, cancels, refunds and keys are none of them.
        """
        member = ctx.signer.member
        if member and self.is_suspended(ctx, member):
            raise Refused(codes.SUSPENDED, method)

    def is_suspended(self, ctx: Context, member: str) -> bool:
        """Whether a member is suspended at this block's time."""
        return runs(SUSPENSIONS.get(ctx, member), ctx.time)
