"""An invitation that a running node makes: for its own administrators, and the home's owner, alone."""

import json
from contextlib import closing

import pytest

from consortia.node.invitations import Invite, InviteError
from consortia.node.inviting import invite
from consortia.sdk.errors import RequestFailed
from tests.node.running import Process, client, homes, owner, raw

PLACE = "/v1/invitations?name=south"


def test_a_node_invites_for_its_own_administrators_and_its_owner_alone(tmp_path):
    north, east = homes(tmp_path, "north", "east")
    with Process(north) as node:
        for door in (client(north, node.url), owner(north, node.url)):
            with closing(door):
                made = json.loads(door.post(PLACE, b""))
            assert (made["name"], made["inviter"], made["url"]) == ("south", "north", node.url)
            assert set(made) == set(Invite.__struct_fields__)
        for door in (client(north, node.url, "worker"), client(east, node.url, member="north")):
            with closing(door), pytest.raises(RequestFailed, match="administrators of north invite"):
                door.post(PLACE, b"")
        with closing(client(north, node.url)) as door, pytest.raises(RequestFailed, match="member's name"):
            door.post("/v1/invitations?name=So/uth", b"")
        for member in ("north", "east"):
            with (
                closing(client(north, node.url)) as door,
                pytest.raises(RequestFailed, match="is a member already"),
            ):
                door.post(f"/v1/invitations?name={member}", b"")
        assert raw(node.port, "POST", PLACE)[0] == 401


def test_without_a_place_to_join_at_there_is_no_invitation(tmp_path):
    [home] = homes(tmp_path, "north")
    with pytest.raises(InviteError, match="--url"):
        invite(home, home.config({}), "south", None, 0)
