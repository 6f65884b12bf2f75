"""Who opens too many connections is hung up on, and others are served; answers go out whole."""

import asyncio
import socket

import pytest

from consortia.node.http_protocol import AT_ONCE, SHARES, Gathered, crowds

MOST = 8 * SHARES


@pytest.mark.parametrize(
    ("caller", "others"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8::1", "2001:db8::ffff:2"), ("fe80::1%eth0", "fe80::2%eth0")],
)
def test_one_place_has_its_share_of_the_connections_and_no_more(caller, others):
    there = ["192.0.2.8", "2001:db8:1::1", "127.0.0.1"] * MOST
    assert not crowds(caller, [caller, *[others] * (MOST // SHARES - 1), *there], MOST)
    assert crowds(caller, [caller, *[others] * (MOST // SHARES), *there], MOST)


@pytest.mark.parametrize("caller", ["127.0.0.1", "::1"])
def test_programs_of_the_same_machine_may_have_all(caller):
    assert not crowds(caller, [caller] * 2 * MOST, MOST)


def test_a_node_of_few_connections_still_serves_everybody_once():
    assert not crowds("192.0.2.7", ["192.0.2.7"], 1)
    assert crowds("192.0.2.7", ["192.0.2.7"] * 2, 1)


def over_a_wire(script):
    """Run a script with a transport that gathers, and the other end of its wire, which does not block."""

    async def go():
        here, there = socket.socketpair()
        there.setblocking(False)
        loop = asyncio.get_running_loop()
        inner, _ = await loop.create_connection(asyncio.Protocol, sock=here)
        with there:
            await script(Gathered(inner, loop), there)
            inner.abort()

    asyncio.run(go())


def nothing_came(there):
    with pytest.raises(BlockingIOError):
        there.recv(1)
    return True


def test_what_is_written_in_one_pass_goes_out_together():
    async def script(transport, there):
        transport.write(b"head ")
        transport.write(bytearray(b"body"))
        assert nothing_came(there)
        assert transport.get_write_buffer_size() == 9
        await asyncio.sleep(0)
        assert there.recv(100) == b"head body"
        assert transport.get_write_buffer_size() == 0

    over_a_wire(script)


def test_much_is_written_at_once_so_that_a_slow_caller_is_felt():
    async def script(transport, there):
        transport.write(b"head")
        transport.write(bytes(AT_ONCE))
        assert there.recv(AT_ONCE).startswith(b"head")

    over_a_wire(script)


def test_closing_writes_what_waits_and_aborting_drops_it():
    async def closing(transport, there):
        transport.write(b"last words")
        transport.close()
        assert transport.is_closing()
        assert there.recv(100) == b"last words"

    async def aborting(transport, there):
        transport.write(b"last words")
        transport.abort()
        for _ in range(3):
            await asyncio.sleep(0)
        assert there.recv(100) == b""

    over_a_wire(closing)
    over_a_wire(aborting)
