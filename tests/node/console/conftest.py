"""A browser in front of a node with a trained model: started once for all tests that look at it."""

import pytest

from tests.loud import loudly
from tests.modules.test_ballots import held_to_the_end
from tests.node.console.browser import Browser, lacking
from tests.node.console.looking import fill
from tests.node.console.together import door, together
from tests.node.console.voted import home_of
from tests.node.running import Process


@pytest.fixture(scope="session")
def seen(tmp_path_factory):
    """North's node and a browser that is inside its console."""
    if lacking():
        loudly(lacking())
        pytest.skip(lacking())
    folder = tmp_path_factory.mktemp("seen")
    with together(folder / "net") as node, Browser(folder / "profile") as browser:
        fill(node)
        browser.open(door(node))
        yield node, browser


@pytest.fixture(scope="session")
def voted(tmp_path_factory):
    """A node that tells of a secret ballot of six, which was counted; `address` is the ballot's page."""
    held = held_to_the_end(0, 0, 1, 2, 0, 1)
    with Process(home_of(tmp_path_factory.mktemp("voted") / "home", held.bench)) as node:
        node.held, node.address = held, f"/console/elections/{held.id.hex()}"
        yield node
