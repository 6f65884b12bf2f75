"""What a masked round shows: a member's update as the others have it, beside the sum that each computed."""

from functools import partial

import numpy as np

from consortia.cli.demo.consortium import Consortium
from consortia.cli.demo.study import PURPOSE, StudyFailed
from consortia.engines.commit.chunks import blob_id
from consortia.engines.train.schema import Schema
from consortia.exact.linear import FEATURE_BITS
from consortia.exact.ring import pack
from consortia.modules.training import queries
from consortia.modules.training.mask_queries import MasksView
from consortia.modules.training.types import Round, Terms
from consortia.workers.arithmetic import engine_stage
from consortia.workers.masks import Given, lifted


def shown(consortium: Consortium, terms: Terms, this: Round) -> list[str]:
    """Two lines on a final round of statistics: one number as sent, and as all together; none for others.

    The last word of such an update counts the records of the second class. The sum is computed here once
    more, and is the one that the members agreed on; raises StudyFailed where it is not.
    """
    stage, label = terms.stages[this.stage], Schema.decode(terms.schema).label
    if not (this.keyed and this.outcome and stage.name == "statistics" and label.classes):
        return []
    client = consortium.client(consortium.names[0])
    asked = queries.ByRound(this.study, this.index, this.attempt)
    seen = client.query("training.round", asked, queries.RoundView)
    view = client.query("training.masks", asked, MasksView)
    cohort = [one for one in seen.updates if one.member in this.cohort]
    given = [
        Given(one.member, one.records, partial(client.blob, one.submission.blob, PURPOSE)) for one in cohort
    ]
    total = lifted(engine_stage(stage), given, view)[0]
    if blob_id(pack(total, ring_bits=stage.ring_bits)) != this.outcome.sum:
        raise StudyFailed(f"round {this.index + 1} is final with another sum than its updates have")
    other = max((one for one in given if one.member != consortium.names[0]), key=lambda one: one.records)
    sent = int(np.frombuffer(other.read(), dtype=f"<i{stage.ring_bits // 8}")[-1]) / (1 << FEATURE_BITS)
    count, what = int(total[-1]) >> FEATURE_BITS, label.classes[1]
    return [
        f"{other.member}'s {what} count reads {sent:,.0f} to others, masked",
        f"all {len(given)} updates added up say {count} of {this.cohort_records}: in the sum masks cancel",
    ]
