"""The server answers in order, waits for slow readers, and ends cleanly with the first lost connection."""

import asyncio
import socket

import pytest

from consortia.drivers.cometbft import server
from consortia.drivers.cometbft.server import Lost, serve
from consortia.drivers.cometbft.wire import MESSAGES, Frames, WireError, frame

LOOPS = [asyncio.new_event_loop]


@pytest.fixture(autouse=True, params=["asyncio", "uvloop"])
def either_loop(request, monkeypatch):
    """The node runs on uvloop, whose transports are of no class of asyncio's."""
    module = pytest.importorskip(request.param, reason="uvloop has no build for this platform")
    monkeypatch.setitem(globals(), "LOOPS", [module.new_event_loop])


def echo(text):
    request = MESSAGES["Request"]()
    request.echo.message = text
    return request


def answer(request):
    reply = MESSAGES["Response"]()
    if request.WhichOneof("value") == "commit":
        raise OSError("no space left")
    reply.echo.message = request.echo.message
    return reply


class Client:
    """One connection as CometBFT has it."""

    def __init__(self, reader, writer):
        self.reader, self.writer, self.frames = reader, writer, Frames("Response")

    async def replies(self, count):
        found = []
        while len(found) < count:
            data = await self.reader.read(1 << 16)
            assert data, "the server closed the connection"
            self.frames.feed(data)
            found += list(self.frames)
        return found


def run(tmp_path, body, reply=answer, ahead=lambda _request: ()):
    """Run `body(connect)` beside a server; gives what the server raised."""

    async def main():
        path, up = tmp_path / "abci.sock", asyncio.Event()
        task = asyncio.create_task(serve(path, reply, up.set, ahead))
        await up.wait()

        async def connect():
            return Client(*await asyncio.open_unix_connection(str(path)))

        await body(connect)
        done, _ = await asyncio.wait([task], timeout=10)
        if not done:
            task.cancel()
            await asyncio.wait([task])
            return None
        assert not path.exists()
        return task.exception()

    with asyncio.Runner(loop_factory=LOOPS[0]) as runner:
        return runner.run(main())


def test_replies_come_in_the_order_of_the_calls_on_each_connection(tmp_path):
    async def body(connect):
        clients = [await connect() for _ in range(4)]
        for turn in range(50):
            for at, client in enumerate(clients):
                client.writer.write(frame(echo(f"{at}/{turn}")))
        for at, client in enumerate(clients):
            texts = [reply.echo.message for reply in await client.replies(50)]
            assert texts == [f"{at}/{turn}" for turn in range(50)]
        for client in clients:
            client.writer.close()

    assert isinstance(run(tmp_path, body), Lost)


def test_one_lost_connection_ends_the_server_and_all_others(tmp_path):
    async def body(connect):
        clients = [await connect() for _ in range(4)]
        clients[2].writer.write(frame(echo("here")))
        await clients[2].replies(1)
        clients[2].writer.close()
        for client in (clients[0], clients[1], clients[3]):
            assert await client.reader.read() == b""
            client.writer.close()

    assert isinstance(run(tmp_path, body), Lost)


def test_a_failing_application_tells_after_earlier_replies_and_ends(tmp_path):
    async def body(connect):
        client = await connect()
        commit = MESSAGES["Request"]()
        commit.commit.SetInParent()
        client.writer.write(frame(echo("before")) + frame(commit) + frame(echo("never answered")))
        first, second = await client.replies(2)
        assert first.echo.message == "before"
        assert second.exception.error == "OSError: no space left"
        assert await client.reader.read() == b""
        client.writer.close()

    error = run(tmp_path, body)
    assert isinstance(error, OSError)
    assert "no space left" in str(error)


def test_bytes_that_are_no_call_end_the_server(tmp_path):
    async def body(connect):
        client = await connect()
        client.writer.write(b"GET / HTTP/1.1\r\n\r\n" + b"\xff" * 100)
        (reply,) = await client.replies(1)
        assert reply.exception.error.startswith("WireError")
        client.writer.close()

    assert isinstance(run(tmp_path, body), WireError)


def test_a_client_that_does_not_read_is_not_read_from(tmp_path):
    answered = []

    def counting(request):
        answered.append(request)
        return answer(request)

    async def body(connect):
        client, other = await connect(), await connect()
        sent = [str(number) + "x" * 20_000 for number in range(400)]
        writing = asyncio.create_task(write_all(client, sent))
        for number in range(20):  # the other connection is served all the while
            other.writer.write(frame(echo(str(number))))
            await other.replies(1)
        assert len(answered) < 400
        texts = [reply.echo.message for reply in await client.replies(400)]
        assert texts == sent
        await writing
        client.writer.close()
        other.writer.close()

    async def write_all(client, texts):
        client.writer.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16
        )
        for text in texts:
            client.writer.write(frame(echo(text)))
            await client.writer.drain()

    assert isinstance(run(tmp_path, body, counting), Lost)


def test_a_socket_left_behind_is_replaced_and_a_file_is_not(tmp_path):
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "abci.sock"))
    left.close()

    async def body(connect):
        client = await connect()
        client.writer.close()

    assert isinstance(run(tmp_path, body), Lost)
    (tmp_path / "abci.sock").write_text("a file")
    with pytest.raises(OSError, match="in use"):
        asyncio.run(serve(tmp_path / "abci.sock", answer))


def test_a_long_burst_leaves_others_their_turn(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "TURN_BYTES", 64)

    async def body(connect):
        client = await connect()
        client.writer.write(b"".join(frame(echo(str(number))) for number in range(200)))
        assert [reply.echo.message for reply in await client.replies(200)] == [str(n) for n in range(200)]
        client.writer.close()

    assert isinstance(run(tmp_path, body), Lost)


def test_a_crowd_of_large_calls_with_short_replies_leaves_others_their_turn(tmp_path):
    answered = []

    def note(request):
        name = request.WhichOneof("value")
        answered.append(name)
        reply = MESSAGES["Response"]()
        getattr(reply, name).SetInParent()
        return reply

    async def body(connect):
        crowd, other = await connect(), await connect()
        large = MESSAGES["Request"]()
        large.check_tx.tx = bytes(server.TURN_BYTES)
        crowd.writer.write(b"".join(frame(large) for _ in range(100)))
        other.writer.write(frame(echo("between")))
        await other.replies(1)
        await crowd.replies(100)
        crowd.writer.close()
        other.writer.close()

    assert isinstance(run(tmp_path, body, note), Lost)
    assert answered.index("echo") < 50


def test_a_long_call_is_worked_off_in_steps_between_which_others_have_their_turn(tmp_path):
    taken, answered, begun = [], [], asyncio.Event()

    def steps(request):
        begun.set()
        for number in range(10_000 if request.echo.message == "long" else 0):
            taken.append(number)
            yield

    def note(request):
        answered.append((request.echo.message, len(taken)))
        return answer(request)

    async def body(connect):
        crowd, other = await connect(), await connect()
        crowd.writer.write(frame(echo("long")) + frame(echo("behind it")))
        await begun.wait()
        other.writer.write(frame(echo("between")))
        await other.replies(1)
        crowd.writer.write(frame(echo("last")))
        said = [reply.echo.message for reply in await crowd.replies(3)]
        assert said == ["long", "behind it", "last"]
        crowd.writer.close()
        other.writer.close()

    assert isinstance(run(tmp_path, body, note, steps), Lost)
    assert answered[0][0] == "between"
    assert answered[0][1] < 10_000
    assert answered[1:] == [("long", 10_000), ("behind it", 10_000), ("last", 10_000)]
