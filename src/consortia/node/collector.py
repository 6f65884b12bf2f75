"""How a node's process collects garbage: seldom, for what a block makes has hardly a cycle in it.

Python looks for reference cycles every 700 objects that outlive their makers, and a block of a thousand
transactions makes some hundred thousand, all freed by counting. Looking cost a third of the time of the
path from bytes to durable block; once a block is enough.
"""

import gc

OBJECTS = 100_000
"""So many new objects stand between two looks at the youngest; older ones are looked at more seldom still."""


def settle() -> None:
    """Take what the process has loaded out of the collector's sight, and let it look seldom from now on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS, 20, 20)
