"""Long vectors are worked on in blocks that stay in a core's own cache, by a few threads.

numpy lets go of the interpreter while it works. Every block is computed alone, so neither their size nor the
number of threads can be seen in a result.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

BLOCK = 1 << 13
"""Words of each vector in a block."""

THREADS_MAX = 4
_ALONE = 8 * BLOCK

Result = TypeVar("Result")


def over_blocks(length: int, work: Callable[[int, int], Result], *, block: int = BLOCK) -> list[Result]:
    """`work(begin, end)` for each block of `length` words, and the results in the blocks' order."""
    spans = [(begin, min(begin + block, length)) for begin in range(0, length, block)]
    threads = min(THREADS_MAX, os.cpu_count() or 1)
    if length <= _ALONE or threads == 1:
        return [work(begin, end) for begin, end in spans]
    # A thread takes a run of blocks: handing out each alone would cost as much as working on it.
    share = -(-len(spans) // threads)
    runs = [spans[first : first + share] for first in range(0, len(spans), share)]
    with ThreadPoolExecutor(threads) as pool:
        done = pool.map(lambda run: [work(begin, end) for begin, end in run], runs)
        return [result for results in done for result in results]
