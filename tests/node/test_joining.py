"""What is asked on the way in: an answer that does not come is no answer that there is nothing."""

import socket
from contextlib import closing

import pytest

from consortia.node.joining import proposed
from consortia.sdk.client import Client
from consortia.sdk.errors import Unreachable


def test_of_a_node_that_does_not_answer_it_is_not_said_that_it_has_no_proposal():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with closing(Client(f"http://127.0.0.1:{port}", network=bytes(32))) as door, pytest.raises(Unreachable):
        proposed(door, "admission", "east", seconds=0.1)
