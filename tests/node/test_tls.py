"""TLS among members: registered certificates, pins, and what a caller without either may do."""

import asyncio
import resource
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvloop

from consortia.base.codec import encode_record
from consortia.base.hashing import sha256
from consortia.base.keys import SigningKey
from consortia.node import descriptors
from consortia.node.founding import MemberKeys
from consortia.node.homes import Wishes, begin
from consortia.node.invitations import Invitations, InviteError, JoinRequest, Place, read_invite
from consortia.node.serving import Cannot, serve
from consortia.node.tls import ServerTls, TlsError, make_certificate
from consortia.node.worker import client_of
from consortia.sdk.client import Client
from consortia.sdk.errors import RequestFailed, Unreachable
from consortia.sdk.transport import Credentials, Transport
from tests.node.running import Process, client, homes, until

NOW = datetime.now(UTC)


def certificate(folder, name="clinic-a"):
    folder.mkdir(exist_ok=True)
    return make_certificate(folder, name, ["127.0.0.1"], NOW)


def shake(server: ServerTls, credentials: Credentials, pins: frozenset[bytes]):
    """A handshake in memory; the DER form that the server saw."""
    from consortia.sdk.transport import tls_context

    outgoing, incoming = ssl.MemoryBIO(), ssl.MemoryBIO()
    client_side = tls_context(credentials, pins).wrap_bio(incoming, outgoing)
    out2, in2 = ssl.MemoryBIO(), ssl.MemoryBIO()
    server_side = server.context.wrap_bio(in2, out2, server_side=True)
    for _ in range(10):
        for side in (client_side, server_side):
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
            in2.write(outgoing.read())
            incoming.write(out2.read())
    server_side.do_handshake()
    return server_side.getpeercert(binary_form=True), client_side.getpeercert(binary_form=True)


def test_a_registered_certificate_is_taken_and_names_its_member(tmp_path):
    own, theirs = certificate(tmp_path / "own"), certificate(tmp_path / "theirs", "clinic-b")
    server = ServerTls(own)
    server.trust([("clinic-b", theirs.der())])
    shown = Credentials(certificate=str(theirs.certificate), certificate_key=str(theirs.key))
    seen, served = shake(server, shown, frozenset({own.pin()}))
    assert server.member(seen) == "clinic-b"
    assert sha256(served) == own.pin()
    server.trust([])
    assert server.member(seen) is None


def test_a_certificate_that_nobody_registered_ends_the_handshake(tmp_path):
    own, stranger = certificate(tmp_path / "own"), certificate(tmp_path / "stranger")
    server = ServerTls(own)
    shown = Credentials(certificate=str(stranger.certificate), certificate_key=str(stranger.key))
    with pytest.raises(ssl.SSLError):
        shake(server, shown, frozenset({own.pin()}))


def test_without_a_certificate_a_caller_is_nobody(tmp_path):
    own = certificate(tmp_path / "own")
    server = ServerTls(own)
    seen, _ = shake(server, Credentials(), frozenset({own.pin()}))
    assert server.member(seen) is None


def test_registered_nonsense_hurts_nobody_else(tmp_path):
    own, theirs = certificate(tmp_path / "own"), certificate(tmp_path / "theirs")
    server = ServerTls(own)
    server.trust([("clinic-x", b"no certificate"), ("clinic-b", theirs.der())])
    assert server.member(theirs.der()) == "clinic-b"


def test_a_key_is_never_overwritten_and_is_private(tmp_path):
    files = certificate(tmp_path / "own")
    assert files.key.stat().st_mode & 0o777 == 0o600
    with pytest.raises(TlsError, match="never overwritten"):
        certificate(tmp_path / "own")


def test_a_listener_for_others_without_tls_refuses_to_start(tmp_path):
    [home] = homes(tmp_path, "north")
    with pytest.raises(Cannot, match="tls = true"):
        serve(home.path, {}, {"listen": "0.0.0.0:0"}, lambda _: None)


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls") / "north"
    now = int(NOW.timestamp() * 1000)
    home, _ = begin(Wishes(folder, "north", "North", None, "127.0.0.1:0", tls=True), "net", now)
    with Process(home) as process:
        yield process


def pin_of(process):
    return frozenset({sha256(ssl.PEM_cert_to_DER_cert((process.home.keys / "tls.crt").read_text()))})


def test_a_client_knows_the_node_by_its_pin(secure):
    with client(secure.home, secure.url, pins=pin_of(secure)) as caller:
        assert caller.status().member == "north"
    with pytest.raises(Unreachable, match="another certificate"):
        client(secure.home, secure.url, pins=frozenset({bytes(32)})).status()


def test_a_worker_knows_its_own_node_by_the_certificate_in_its_home(secure):
    with client_of(secure.home, secure.url) as caller:
        assert caller.status().member == "north"


def test_the_registered_certificate_opens_the_node_without_a_signature(secure):
    keys = secure.home.keys
    with client(secure.home, secure.url, pins=pin_of(secure)) as caller:
        until(lambda: caller.get("/v1/query/identity/member", name="north")["endpoint"] is not None)
    shown = Credentials(certificate=str(keys / "tls.crt"), certificate_key=str(keys / "tls.key"))

    def opened():
        transport = Transport(secure.url, shown, pins=pin_of(secure))
        try:
            return transport.get("/v1/status").status == 200
        except Unreachable:
            return False
        finally:
            transport.close()

    until(opened)


def test_without_a_certificate_only_join_is_open_and_its_token_works_once(secure):
    home = secure.home
    pins = pin_of(secure)
    bare = Transport(secure.url, pins=pins)
    assert bare.get("/v1/status").status == 401
    network = home.config({}).network_id
    place = Place("north", secure.url, next(iter(pins)))
    invite = Invitations(home.path).invite(home.genesis(), "east", place, int(NOW.timestamp() * 1000))
    keys = MemberKeys.generate("east")
    request = JoinRequest("east", "East", keys.proven(network), None, None)
    other = JoinRequest("east", "Other", keys.proven(network), None, None)
    path = f"/v1/join?token={invite.token}"
    assert bare.post("/v1/join?token=wrong", encode_record(request)).status == 403
    assert bare.post(path, encode_record(request)).status == 202
    assert bare.post(path, encode_record(request)).status == 202
    assert bare.post(path, encode_record(other)).status == 403
    assert [one.name for one in Invitations(home.path).joining()] == ["east.cbor"]
    bare.close()


def test_an_idle_caller_does_not_hold_up_the_end_of_a_node(tmp_path):
    now = int(NOW.timestamp() * 1000)
    home, _ = begin(Wishes(tmp_path / "north", "north", "North", None, "127.0.0.1:0", tls=True), "net", now)
    process = Process(home)
    with client(home, process.url, pins=pin_of(process)) as caller:
        assert caller.status().member == "north"
        process.stop()
    assert "timeout graceful shutdown exceeded" not in (home.logs / "node.log").read_text()


def test_an_invitation_expires_and_is_for_one_name(tmp_path):
    keys = MemberKeys.generate("east")
    invitations = Invitations(tmp_path)
    invite = invitations.invite(b"genesis", "east", Place("north", "https://x", bytes(32)), 0)
    request = JoinRequest("east", "East", keys.proven(bytes(32)), None, None)
    with pytest.raises(InviteError, match="expired"):
        invitations.redeem(invite.token, request, invite.expires + 1)
    named = JoinRequest("west", "West", keys.proven(bytes(32)), None, None)
    with pytest.raises(InviteError, match="nobody of the name west"):
        invitations.redeem(invite.token, named, 0)


def test_an_invite_with_another_genesis_is_refused(tmp_path):
    import msgspec

    invite = Invitations(tmp_path).invite(b"genesis", "east", Place("north", "https://x", bytes(32)), 0)
    path = tmp_path / "invite"
    path.write_bytes(msgspec.json.encode(invite))
    assert read_invite(path) == invite
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(invite, genesis=b"other".hex())))
    with pytest.raises(InviteError, match="not that of network"):
        read_invite(path)


def test_a_strangers_key_opens_nothing_over_tls_either(secure):
    network = secure.home.config({}).network_id
    caller = Client(
        secure.url, network=network, member="north", key=SigningKey(b"x" * 32), pins=pin_of(secure)
    )
    with pytest.raises(RequestFailed) as caught:
        caller.status()
    assert caught.value.status == 401
    caller.close()


def open_ones():
    return sum(1 for _ in Path("/dev/fd").iterdir())


def test_who_never_shakes_hands_takes_none_of_the_last_descriptors(tmp_path):
    server, limits = ServerTls(certificate(tmp_path / "own")), resource.getrlimit(resource.RLIMIT_NOFILE)

    async def go():
        listening = socket.create_server(("127.0.0.1", 0), backlog=200)
        loop = asyncio.get_running_loop()
        serving = await loop.create_server(asyncio.Protocol, sock=listening, ssl=server.context)
        before = open_ones()
        resource.setrlimit(resource.RLIMIT_NOFILE, (before + 150 + descriptors.KEPT, limits[1]))
        callers = [await asyncio.open_connection(*listening.getsockname()) for _ in range(100)]
        await asyncio.sleep(0.2)
        held = open_ones() - before - len(callers)
        for _, writer in callers:
            writer.transport.abort()
        await asyncio.sleep(0.2)
        left = open_ones() - before
        serving.close()
        return held, left

    try:
        held, left = uvloop.run(go())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert 0 < held <= 75
    assert left == 0
