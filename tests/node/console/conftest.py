"""A browser in front of a node with a trained model: started once for all tests that look at it."""

import pytest

from tests.loud import loudly
from tests.node.console.browser import Browser, lacking
from tests.node.console.looking import fill
from tests.node.console.together import door, together


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
