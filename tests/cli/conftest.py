"""A terminal of one's own for every test of the command line."""

import pytest

from tests.cli.terminal import Terminal


@pytest.fixture
def terminal(tmp_path):
    with Terminal(tmp_path).session() as opened:
        yield opened
