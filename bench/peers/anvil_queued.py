"""anvil's queued transfers: handed in ready over HTTP without mining, then mined in one block, and timed."""

import json
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

TRANSFERS = 4_000
BATCH = 200
ACCOUNTS = 10
START_SECONDS = 20.0


def queued_transfers(program: Path) -> float:
    """Transfers a second: TRANSFERS from ten unlocked accounts, sent in batches, then mined explicitly.

    Nothing rests on a disk, and unlocked accounts spare anvil the check of a signature: it is favoured.
    """
    port = _free_port()
    process = subprocess.Popen(
        [str(program), "--port", str(port), "--no-mining", "--silent", "--gas-limit", "1000000000"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        accounts = _wait(url)
        begun = time.perf_counter()
        for start in range(0, TRANSFERS, BATCH):
            _call(url, [_transfer(accounts, number) for number in range(start, start + BATCH)])
        _call(url, [{"jsonrpc": "2.0", "id": 0, "method": "evm_mine", "params": []}])
        return TRANSFERS / (time.perf_counter() - begun)
    finally:
        process.terminate()
        process.wait(10)


def _transfer(accounts: list[str], number: int) -> dict[str, object]:
    sender, receiver = accounts[number % ACCOUNTS], accounts[(number + 1) % ACCOUNTS]
    nonce = hex(number // ACCOUNTS)
    fields = {"from": sender, "to": receiver, "value": "0x1", "gas": "0x5208", "nonce": nonce}
    return {"jsonrpc": "2.0", "id": number, "method": "eth_sendTransaction", "params": [fields]}


def _call(url: str, calls: list[dict[str, object]]) -> list[dict[str, object]]:
    body = json.dumps(calls).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 (loopback)
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 (loopback)
        found: list[dict[str, object]] = json.load(answer)
    for one in found:
        if "error" in one:
            raise RuntimeError(f"anvil: {one['error']}")
    return found


def _wait(url: str) -> list[str]:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            answer = _call(url, [{"jsonrpc": "2.0", "id": 0, "method": "eth_accounts", "params": []}])
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            accounts: list[str] = answer[0]["result"]  # type: ignore[assignment]
            return accounts


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
