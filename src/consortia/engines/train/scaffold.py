"""SCAFFOLD (Karimireddy et al. 2020): averaging with controls that take out what sites pull apart.

Each member has a control, the gradient that is usual at its own records; the server has their mean. A
member trains on gradient - own control + mean control; its new own control is own - mean + (start - end) /
(steps * rate), option II of the paper. The member keeps its control at home. What it sends is the change of
the weights and the change of its control, each weighted by its records, so the server's control stays the
mean of the members' controls whoever drops out; a member whose update was not counted keeps its control as
it was.
"""

import numpy as np

from consortia.engines.train import statistics
from consortia.engines.train.api import Cohort, RecipeError, Vector
from consortia.engines.train.mlp import Mlp, MlpState, MlpTerms, packed, quantised, trained_from, unpacked
from consortia.engines.train.statistics import table_for
from consortia.engines.train.table import Table
from consortia.exact import adaptive
from consortia.exact.adaptive import UPDATE_BITS, UPDATE_MAX, VALUE_MAX
from consortia.exact.fixed import Integers, dequantise


class Scaffold(Mlp):
    """The recipe `mlp.scaffold`; it keeps the member's control at home."""

    def local(self, state: bytes, table: Table) -> Vector:
        """The contribution of a member that comes for the first time."""
        return self.local_at_home(state, table, b"")[0]

    def local_at_home(self, state: bytes, table: Table, home: bytes) -> tuple[Vector, bytes]:
        """The member's vector, and its control once that vector is in a sum; `home` is its control so far.

        A control is little-endian words of 32 bits on the 2^-20 grid; empty is zero. Raises RecipeError for
        one of another size.
        """
        current = self._read(state)
        table = table_for(current.schema, table)
        if current.moments is None:
            return statistics.contribution(table), home
        shared = unpacked(current.first)
        own = unpacked(home) if home else np.zeros_like(shared)
        if own.shape != shared.shape:
            raise RecipeError(f"a control of {len(own)} weights, the network has {len(shared)}")
        correction = dequantise(shared - own, scale_bits=UPDATE_BITS).astype(np.float32)
        change, steps = trained_from(current, current.moments, table, state, correction)
        rate = current.terms.rate_milli / 1_000
        usual = quantised(-change / np.float32(max(1, steps) * rate), table.name)
        moved = np.clip(usual - shared, -UPDATE_MAX, UPDATE_MAX)
        following = np.clip(own + moved, -VALUE_MAX, VALUE_MAX)
        return np.concatenate([quantised(change, table.name), following - own]), packed(following)

    def _nothing_yet(self, terms: MlpTerms, size: int) -> tuple[bytes, bytes]:
        return bytes(4 * size), b""

    def _server(self, current: MlpState, total: Vector, cohort: Cohort) -> tuple[Integers, bytes, bytes]:
        size = len(current.weights) // 4
        update = adaptive.mean_update(total[:size], joined=cohort.joined, cohort=cohort.records)
        control = adaptive.moved(unpacked(current.first), total[size:])
        return adaptive.moved(unpacked(current.weights), update), packed(control), b""
