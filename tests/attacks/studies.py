"""A second study of the same members, over the same data."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec.structs import replace

from consortia.modules.training.messages import Propose, Start
from consortia.modules.training.types import Terms
from tests.workers.four import Consortium


def again(
    four: Consortium,
    names: tuple[str, ...],
    name: str = "again",
    *,
    terms: Terms | None = None,
    versions: Mapping[str, int] = MappingProxyType({}),
) -> Consortium:
    """Let the first member propose a study, on the terms of the last unless others are given, and start it.

    These members join it with the data of the last one, of which `versions` says another version than 1.
    """
    view = four.bench.query("training.study", study=four.study)
    data = {part.member: part.part.dataset for part in view.parts}
    first = four.members[0]
    asked = replace(view.study.terms if terms is None else terms, name=name, model_name=name)
    four.bench.ok(first, "analyst", Propose(asked))
    four.study = four.bench.query("training.find", proposer=first, name=name).study
    for each in names:
        four.workers[each].join(four.study, data[each], versions.get(each, 1))
    four.bench.ok(first, "analyst", Start(four.study))
    return four
