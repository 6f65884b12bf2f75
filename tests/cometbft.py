"""Where the tests find CometBFT: they are skipped without it, or fail if CONSORTIA_REQUIRE_COMETBFT is 1.

A run that skips them says so in one loud line at its end.
"""

import os
import sys
from pathlib import Path

import pytest

from consortia.node.cometbft.binary import CometBftError, find
from tests.loud import loudly

REQUIRED = os.environ.get("CONSORTIA_REQUIRE_COMETBFT") == "1"


def wanted() -> str:
    """Why CometBFT cannot be run here, or nothing where it can; raises CometBftError where it must be."""
    try:
        find("", Path(sys.prefix), os.environ)
    except CometBftError as error:
        if REQUIRED:
            raise
        return str(error)
    return ""


MISSING = wanted()
if MISSING:
    loudly(f"NOT RUN, all tests that need CometBFT: {MISSING}")
needs_cometbft = pytest.mark.skipif(bool(MISSING), reason="not run without CometBFT")


OLD = Path(__file__).parents[1] / "build" / "cometbft-0.38.25" / "cometbft"
"""Where continuous integration keeps the older version that may still run beside the new one."""

if REQUIRED and not OLD.exists():
    raise CometBftError(f"{OLD} is missing")
if not OLD.exists() and not MISSING:
    loudly(f"NOT RUN, the upgrade from CometBFT 0.38.25: it is not at {OLD}")
needs_both = pytest.mark.skipif(not OLD.exists(), reason="not run without CometBFT 0.38.25")
