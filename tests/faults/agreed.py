"""A node under an upgrade that the members agreed on; it runs in the place of `consortia.node`.

The file that UPGRADE_AT names holds the block time from which version 2 of a module's rules is in force, once
there is one; where UPGRADED is set this software has that version.
"""

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from consortia.app import application
from consortia.kernel.upgrades import Demand
from consortia.node import server
from consortia.node.__main__ import main

MODULE, VERSION, SOFTWARE = "assets", 2, b"\xab" * 32
AT, HAS = "UPGRADE_AT", "UPGRADED"


@dataclass(frozen=True)
class Agreed:
    """What a file says that the members agreed on."""

    file: Path

    def demands(self, _ctx):
        """The one demand, from when it was agreed on."""
        if not self.file.exists():
            return ()
        return (Demand(MODULE, VERSION, SOFTWARE, int(self.file.read_text())),)


def agreed():
    """The application under that agreement."""
    app = application()
    version = VERSION if HAS in os.environ else 1
    modules = tuple(replace(one, version=version) if one.name == MODULE else one for one in app.modules)
    return replace(app, modules=modules, upgrades=Agreed(Path(os.environ[AT])))


if __name__ == "__main__":
    server.application = agreed
    sys.exit(main())
