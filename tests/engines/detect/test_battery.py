"""The battery over every kind of detector: what each must pass, for no more than standing in KINDS."""

import pytest

from consortia.engines.detect import KINDS
from consortia.testing.detectors import CHECKS


@pytest.mark.parametrize("check", sorted(CHECKS))
@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_detector_passes_the_battery(name, check):
    assert CHECKS[check](KINDS[name]) == []
