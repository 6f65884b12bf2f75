"""How a node's process is set up: it looks for garbage seldom, and its threads change places quickly.

Python looks for reference cycles every 700 objects that outlive their makers, and a block of a thousand
transactions makes some hundred thousand, all freed by counting. Looking cost a third of the time of the
path from bytes to durable block; once a block is enough.

The threads beside the one that writes mostly wait: they pass chunks of signatures to the process that checks
them, and take the results. Each time they wake they ask for the interpreter, which by default is handed over
after 5 ms: so long the checking process had nothing to do, and then the writer waited for it. At 0.5 ms the
same path takes a fifth less time.
"""

import gc
import sys

OBJECTS = 100_000
"""So many new objects stand between two looks at the youngest; older ones are looked at more seldom still."""

SWITCH_SECONDS = 0.0005


def look_seldom() -> None:
    """Let the collector look seldom from now on; before a program imports, as nothing imported is garbage.

    At Python's 700 objects, looking is a seventh of the time in which a command is imported.
    """
    gc.set_threshold(OBJECTS, 20, 20)


def settle() -> None:
    """Take what the process has loaded out of the collector's sight, and let it look seldom from now on.

    From now on, too, a thread that wakes waits for the interpreter no longer than `SWITCH_SECONDS`.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    look_seldom()
