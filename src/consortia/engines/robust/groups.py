"""What a rule is applied to: vectors for each record, of single members or of masked groups.

A member's blob grows with its records, and a group's sum with those of its members. Before a rule compares
them each is brought to all joined records: `sum * joined / records`. So the outcome of a rule stands where
the exact sum of all who joined would stand, and the recipe's step takes it with a cohort of all joined
records.
"""

import numpy as np

from consortia.engines.robust.types import WORD_MAX, Vector, Words
from consortia.exact.fixed import divide
from consortia.exact.robust import RobustError

_JOINED_FAST_MAX = 1 << 31


def per_joined(total: Words, records: int, joined: int) -> Vector:
    """`total * joined / records`, halves to even, clipped to 2^57 and -2^57.

    `total` are int32 or int64 words, shape (d,), of a member or the sum of a group that hold `records` of all
    `joined` records. No honest vector is clipped; a false one cannot stop the round by leaving 64 bits.
    Raises RobustError for records that are not between 1 and `joined`.
    """
    if not 0 < records <= joined:
        raise RobustError(f"{records} of {joined} records is no share")
    words = total.astype(np.int64)
    if joined >= _JOINED_FAST_MAX:
        return np.array([_one(word, records, joined) for word in words.tolist()], dtype=np.int64)
    whole, rest = np.divmod(words, records)
    edge = 2 * WORD_MAX // joined + 1
    result: Vector = np.clip(whole, -edge, edge) * joined
    parts, left = np.divmod(rest * joined, records)
    result += parts
    result += (2 * left > records) | ((2 * left == records) & ((result & 1) == 1))
    np.clip(result, -WORD_MAX, WORD_MAX, out=result)
    return result


def _one(word: int, records: int, joined: int) -> int:
    return max(-WORD_MAX, min(WORD_MAX, divide(word * joined, records)))
