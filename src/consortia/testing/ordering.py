"""Vectors of the CometBFT driver's framing: `python -m consortia.testing.ordering tests/vectors` writes them.

Each entry is bytes as CometBFT orders them, and what they are: a bundle's transactions, a tick's height, or
nothing that any block may hold. More than half are refused.
"""

import json
import sys
from pathlib import Path
from zlib import adler32

from consortia.base.codec import Malformed
from consortia.drivers.cometbft.bundle import Tick, again, framed, pack, read
from consortia.drivers.cometbft.driver import address_of, chain_id

HEAD = b"\x01"


def stored(data: bytes) -> bytes:
    """Data in the zlib format, the same whatever library: one stored block (RFC 1951, section 3.2.4)."""
    length = len(data)
    block = b"\x01" + length.to_bytes(2, "little") + (length ^ 0xFFFF).to_bytes(2, "little") + data
    return b"\x78\x01" + block + adler32(data).to_bytes(4, "big")


ENTRIES: dict[str, bytes] = {
    "a bundle of one transaction": pack([b"one"]),
    "a bundle of three, in order": pack([b"one", b"two", b"one"]),
    "two transactions, sent again": again(1_700_000_000_000, [b"one", b"two"]),
    "two transactions, squeezed": b"\x04" + stored(framed(b"one") + framed(b"two")),
    "a tick": Tick(7).encode(),
    "a tick after the genesis": Tick(0).encode(),
    "nothing": b"",
    "no transaction": HEAD,
    "another kind": b"\x00" + framed(b"x"),
    "nothing, squeezed": b"\x04" + stored(b""),
    "squeezed, and cut short": b"\x04" + stored(framed(b"x"))[:-1],
    "squeezed, and a byte too many": b"\x04" + stored(framed(b"x")) + b"\x00",
    "squeezed, with a wrong sum": b"\x04" + stored(framed(b"x"))[:-4] + bytes(4),
    "squeezed, with a smaller window": b"\x04\x08\x1d" + stored(framed(b"x"))[2:],
    "squeezed, and padded": b"\x04\x78\x01" + bytes((0, 0, 0, 255, 255)) * 60 + stored(framed(b"x"))[2:],
    "a kind of the future": b"\x05" + framed(b"x"),
    "sent again, without a time": b"\x03" + framed(b"x"),
    "nothing, sent again": b"\x03" + bytes(8),
    "a length alone": HEAD + b"\x00\x00\x00\x01",
    "a length cut short": HEAD + framed(b"x") + b"\x00\x00",
    "an empty transaction": HEAD + framed(b""),
    "an empty transaction among others": HEAD + framed(b"x") + framed(b"") + framed(b"y"),
    "a transaction cut short": HEAD + framed(b"xyz")[:-1],
    "a byte too many": HEAD + framed(b"xyz") + b"\x00",
    "a length beyond all": HEAD + b"\xff\xff\xff\xff" + b"x",
    "a tick cut short": b"\x02" + bytes(7),
    "a tick with more": b"\x02" + bytes(9),
    "a bare transaction": b"\xd2\x84\x58\x2a",
}
CHAINS = ((bytes(32), 1), (bytes(range(32)), 1), (bytes(range(32)), 123_456))
KEYS = (bytes(32), bytes(range(32)))


def what(entry: bytes) -> dict[str, object]:
    """What an entry is, as a vector says it."""
    try:
        found = read(entry)
    except Malformed:
        return {"refused": True}
    if isinstance(found, Tick):
        return {"tick": found.height}
    return {"transactions": [raw.hex() for raw in found]}


def vectors() -> dict[str, object]:
    """All vectors, as the file holds them."""
    return {
        "format": 1,
        "entries": [{"name": name, "bytes": entry.hex(), **what(entry)} for name, entry in ENTRIES.items()],
        "chains": [
            {"network": network.hex(), "start": start, "chain_id": chain_id(network, start)}
            for network, start in CHAINS
        ],
        "addresses": [{"key": key.hex(), "address": address_of(key).hex()} for key in KEYS],
    }


def main(folder: Path) -> None:
    """Write the file below `folder`."""
    place = folder / "cometbft" / "entries.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(vectors(), indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
