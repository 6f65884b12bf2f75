"""A second study of the same members, over the same data."""

from msgspec.structs import replace

from consortia.modules.training.messages import Propose, Start
from tests.workers.four import Consortium


def again(four: Consortium, names: tuple[str, ...], name: str = "again", *, start: bool = True) -> Consortium:
    """Let the first member propose a study on the terms of the last, and these members join it."""
    view = four.bench.query("training.study", study=four.study)
    data = {part.member: part.part.dataset for part in view.parts}
    first = four.members[0]
    four.bench.ok(first, "analyst", Propose(replace(view.study.terms, name=name, model_name=name)))
    four.study = four.bench.query("training.find", proposer=first, name=name).study
    for each in names:
        four.workers[each].join(four.study, data[each], 1)
    if start:
        four.bench.ok(first, "analyst", Start(four.study))
    return four
