"""Vectors of the privacy arithmetic: what every implementation must charge alike, and what it must refuse.

    python -m consortia.testing.privacy tests/vectors

writes `privacy/budget.json` and `privacy/clip.json`: operations with what they are given and what they give.
At least half of each must fail. `docs/reference/privacy.md` says what they mean.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from consortia.engines.privacy.clip import clip_rows, clip_vector
from consortia.exact import budget
from consortia.exact.fixed import from_integers
from consortia.testing.wire import as_json, save

Case = dict[str, Any]


def _clip_rows(rows: list[list[int]], bound: int) -> list[list[int]]:
    matrix = from_integers([word for row in rows for word in row]).reshape(len(rows), -1)
    found: list[list[int]] = clip_rows(matrix, bound).tolist()
    return found


def _clip_vector(vector: list[int], bound: int) -> list[int]:
    found: list[int] = clip_vector(from_integers(vector), bound).tolist()
    return found


OPERATIONS: Mapping[str, Callable[..., Any]] = {
    "share": budget.share,
    "correction": budget.correction,
    "rho": budget.rho,
    "variance_for": budget.variance_for,
    "sum_bound": budget.sum_bound,
    "fits_ring": budget.fits_ring,
    "clip_rows": _clip_rows,
    "clip_vector": _clip_vector,
}


def answer(do: str, given: Mapping[str, Any]) -> tuple[bool, Any]:
    """Whether the operation takes what it is given, and what it gives (null where it refuses)."""
    try:
        return True, OPERATIONS[do](**given)
    except ValueError:
        return False, None


def _case(name: str, do: str, **given: object) -> Case:
    ok, gives = answer(do, given)
    return {"name": name, "do": do, "given": given, "ok": ok, "gives": gives}


def budgets() -> list[Case]:
    """Shares, costs and bounds."""
    wide, top = 1 << 62, 1 << 57
    return [
        _case("a share rounds up", "share", variance=100, quorum=4, colluders=1),
        _case("nobody colludes", "share", variance=100, quorum=4, colluders=0),
        _case("all collude", "share", variance=100, quorum=4, colluders=4),
        _case("no variance to share", "share", variance=0, quorum=4, colluders=0),
        _case("fewer than none collude", "share", variance=100, quorum=4, colluders=-1),
        _case("one member needs no correction", "correction", variance=1, members=1, length=1 << 28),
        _case("narrow noise is dear", "correction", variance=1, members=4, length=1_000),
        _case("wide noise costs one", "correction", variance=wide, members=63, length=1 << 28),
        _case("just where the minimum binds", "correction", variance=10, members=63, length=1 << 32),
        _case("no length", "correction", variance=1, members=4, length=0),
        _case("too long", "correction", variance=1, members=4, length=(1 << 32) + 1),
        _case("no members", "correction", variance=1, members=0, length=1),
        _case("too many members", "correction", variance=1, members=(1 << 16) + 1, length=1),
        _case("one sum", "rho", sensitivity=1, variance=50, members=1, length=1),
        _case("a sum of three", "rho", sensitivity=50_000, variance=5_000_000_000, members=3, length=31),
        _case("a cost that rounds up", "rho", sensitivity=7, variance=3, members=1, length=2),
        _case("the widest noise", "rho", sensitivity=top, variance=wide, members=63, length=1 << 28),
        _case("no sensitivity", "rho", sensitivity=0, variance=50, members=1, length=1),
        _case("too sensitive", "rho", sensitivity=top + 1, variance=50, members=1, length=1),
        _case("no noise", "rho", sensitivity=1, variance=0, members=1, length=1),
        _case("too much noise", "rho", sensitivity=1, variance=wide + 1, members=1, length=1),
        _case(
            "the least variance", "variance_for", sensitivity=50_000, cost=40_632_749, members=3, length=31
        ),
        _case("a cost of one unit", "variance_for", sensitivity=3, cost=1, members=1, length=1),
        _case("less than the correction", "variance_for", sensitivity=1, cost=1, members=2, length=1),
        _case("no noise is enough", "variance_for", sensitivity=top, cost=5, members=1, length=1),
        _case("a budget of nothing", "variance_for", sensitivity=1, cost=0, members=1, length=1),
        _case("clips and eight deviations", "sum_bound", clip=1_000, variance=26, members=4),
        _case("it fits", "fits_ring", clip=1 << 25, variance=1 << 40, members=62, ring_bits=32),
        _case("it does not fit", "fits_ring", clip=1 << 25, variance=1 << 40, members=63, ring_bits=32),
        _case("a member too many colludes", "share", variance=5, quorum=3, colluders=3),
        _case("a share beyond the widest", "share", variance=wide + 1, quorum=3, colluders=0),
    ]


def clips() -> list[Case]:
    """Rows and vectors, clipped."""
    return [
        _case("short rows stay", "clip_rows", rows=[[3, -4], [0, 0]], bound=5),
        _case("a long row is shortened towards zero", "clip_rows", rows=[[30, -40], [7, 7]], bound=9),
        _case("a vector is shortened", "clip_vector", vector=[1 << 25, -(1 << 25), 3], bound=1 << 20),
        _case("a vector at its bound", "clip_vector", vector=[3, 4], bound=5),
        _case("a wide vector", "clip_vector", vector=[1 << 57, 1 << 56], bound=1 << 50),
        _case("a row too long to square", "clip_rows", rows=[[1 << 27]], bound=5),
        _case("a bound too long to multiply", "clip_rows", rows=[[1 << 20]], bound=1 << 43),
        _case("a row of the smallest word", "clip_rows", rows=[[-(1 << 63)]], bound=5),
        _case("a vector of the smallest word", "clip_vector", vector=[-(1 << 63), 1 << 62], bound=1 << 57),
        _case("rows and no bound", "clip_rows", rows=[[1, 2]], bound=0),
        _case("a vector and no bound", "clip_vector", vector=[1, 2], bound=0),
        _case("a word beyond 64 bits", "clip_vector", vector=[1 << 63], bound=5),
    ]


def files() -> dict[str, bytes]:
    """Each file's bytes, by its path below the folder of vectors."""
    return {
        f"privacy/{name}.json": as_json({"format": 1, "vectors": cases})
        for name, cases in (("budget", budgets()), ("clip", clips()))
    }


if __name__ == "__main__":
    save(files(), sys.argv[1])
