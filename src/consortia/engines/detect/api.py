"""What a detector is: fitted on a population once, then integers in, integers out.

A *kind* knows how to fit and how to score; a *detector* is one fitted model. Fitting may use floats and
scikit-learn. What it leaves is a record of integer tables and trees, canonical bytes that can stand on the
ledger as an asset, and whoever holds them computes the same score for the same event, bit for bit.

Rows are events of `names`: int64, or float64, which go onto the model's own grid first (`grid`). Scores are
int64; the higher, the less like the population. Each kind has a unit of its own: `share` brings a score to
the part of the population that scores below it.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Annotated, Any, Protocol, TypeAlias, runtime_checkable

from msgspec import Meta
from numpy.typing import NDArray

from consortia.base.codec import Digest, Name, Record
from consortia.exact.fixed import Integers
from consortia.exact.steps import Steps

Rows: TypeAlias = NDArray[Any]
"""Events: int64 or float64, shape (records, features)."""

FORMAT = "consortia/detector"
MODEL_BYTES_MAX = 1 << 24
FEATURES_MAX = 1024
RECORDS_MAX = 1 << 24


class DetectError(ValueError):
    """A model, rows, a state or settings that a detector cannot use; the text says which and why."""


class Setting(Record, frozen=True):
    """A setting of a kind: an integer with its default and limits, and what it means."""

    name: Name
    default: int
    low: int
    high: int
    meaning: str


class Fitted(Record, frozen=True):
    """A fitted detector as it is kept.

    `kind` and `version` say who reads `body`. `names` are the features in order, `scale_bits` their grids.
    `population` is the hash of what it was fitted on (words on the grid, row by row), `records` how many
    events those were. `shares` brings a score to the part of the population below it.
    """

    format: str
    kind: Name
    version: Annotated[int, Meta(ge=1, le=1 << 16)]
    names: Annotated[tuple[str, ...], Meta(min_length=1, max_length=FEATURES_MAX)]
    scale_bits: tuple[Annotated[int, Meta(ge=-1100, le=1100)], ...]
    population: Digest
    records: Annotated[int, Meta(ge=1, le=RECORDS_MAX)]
    body: bytes
    shares: Steps


@runtime_checkable
class Scorer(Protocol):
    """A fitted body, ready to score."""

    def scores(self, words: Integers) -> Integers:
        """The score of each row of grid words, int64 (records, features) to (records,)."""


class Streaming(Protocol):
    """A fitted body whose score of an event depends on the events before it."""

    def watch(self, words: Integers, sums: Integers) -> tuple[Integers, Integers]:
        """The scores of rows in order, and the sums behind the last one, both int64."""

    @property
    def start(self) -> Integers:
        """The sums before the first event."""


class Kind(Hashable, Protocol):
    """A way to detect."""

    @property
    def name(self) -> str:
        """Its name, such as `ecod`."""

    @property
    def version(self) -> int:
        """Changes whenever the scores of a body would."""

    @property
    def settings(self) -> Sequence[Setting]:
        """All that it takes."""

    @property
    def labelled(self) -> bool:
        """Whether it learns from labels."""

    def fit(self, words: Integers, labels: Integers | None, settings: Mapping[str, int], seed: int) -> Record:
        """The body for this population of grid words (records, features), records >= 1."""

    def read(self, body: bytes, width: int) -> Scorer | Streaming:
        """The body ready to score rows of `width` features; raises Malformed or ValueError."""
