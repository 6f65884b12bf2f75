"""A small module that registers models as a study does, so that no study need be held to audit them.

Assets have one door that no message of their own opens: `Keeper.register_model`, for the model that members'
data made together. Here any member may ask for it by name.
"""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U63, Digest, Name, Record
from consortia.kernel.context import Context
from consortia.kernel.module import Method, Module
from consortia.modules.assets import Keeper, Made
from consortia.modules.assets.types import MODEL_PARENTS_MAX, Parent

Parents = Annotated[tuple[Parent, ...], Meta(max_length=MODEL_PARENTS_MAX)]


class Make(Record, frozen=True):
    """Register the model that a study made, as `consortia.modules.assets.Made`, for the signer's member."""

    name: Name
    content: Digest
    count: U63
    study: Digest
    summed: Parents
    made_from: Parents


def make(ctx: Context, message: Make, keeper: Keeper) -> None:
    """Register it."""
    made = Made(
        owner=ctx.signer.member,
        name=message.name,
        title="made together",
        content=message.content,
        count=message.count,
        study=message.study,
        summed=message.summed,
        made_from=message.made_from,
    )
    keeper.register_model(ctx, made)


def studio() -> Module:
    """The declaration."""
    return Module(
        name="studio",
        version=1,
        doc="Registers models as studies do.",
        methods=(Method(Make, make, frozenset({"operator", "worker"})),),
        refusals=(),
        tables=(),
        ports=Keeper(),
    )
