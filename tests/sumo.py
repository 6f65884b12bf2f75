"""Whether the tests find SUMO, an extra of 360 MB: those that need it are skipped without it, loudly."""

import importlib.util

import pytest

from tests.loud import loudly

MISSING = importlib.util.find_spec("libsumo") is None
if MISSING:
    loudly("NOT RUN, all tests that need SUMO: tools/environment traffic installs it, and so does make demos")
needs_sumo = pytest.mark.skipif(MISSING, reason="not run without SUMO")
