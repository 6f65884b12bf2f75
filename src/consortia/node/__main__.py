"""`python -m consortia.node --home DIR` runs the node of a home, as `consortia up` does."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from consortia.node.collector import look_seldom
from consortia.node.home import Running

if TYPE_CHECKING:
    from consortia.node.embedded import EmbeddedNode


def main(arguments: list[str] | None = None, make: "type[EmbeddedNode] | None" = None) -> int:
    """Run until told to stop; exit code 0, or 1 with one clear line on standard error, 4 for old software.

    `make` makes the node's core where it is another than usual.
    """
    parser = argparse.ArgumentParser(prog="consortia.node", description=__doc__)
    parser.add_argument("--home", type=Path, default=None)
    parser.add_argument("--listen", default=None)
    parser.add_argument("--orderer-url", default=None)
    parser.add_argument("--worker", action=argparse.BooleanOptionalAction, default=None)
    parser.add_argument("--trainer", default=None)
    given = parser.parse_args(arguments)

    look_seldom()
    from consortia.node.serving import Cannot, serve  # noqa: PLC0415 (`--help` needs none of it)

    flags = {
        "listen": given.listen,
        "orderer_url": given.orderer_url,
        "worker": given.worker,
        "trainer": given.trainer,
    }
    try:
        more = {} if make is None else {"make": make}
        serve(given.home, os.environ, flags, _ready, **more)
    except Cannot as error:
        sys.stderr.write(f"{error}\n")
        return error.code
    return 0


def _ready(running: Running) -> None:
    sys.stdout.write(msgspec.json.encode(running).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
