"""Names and ids: how members, networks and logs are called."""

import re

from consortia.base.hashing import tagged

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}\Z")
DIGEST_HEX = re.compile(r"[0-9a-fA-F]{64}\Z")
GENESIS_TAG = "consortia/genesis"


def is_name(text: str) -> bool:
    """Whether `text` is a valid member or study name: 1 to 32 of a-z, 0-9 and -, not starting with -."""
    return NAME.match(text) is not None


def digest_from_hex(text: str) -> bytes | None:
    """The 32 bytes that 64 hex digits write, None for any other text."""
    return bytes.fromhex(text) if DIGEST_HEX.match(text) else None


def network_id(genesis: bytes) -> bytes:
    """The id of a network: the hash of its encoded genesis record, 32 bytes."""
    return tagged(GENESIS_TAG, genesis)


def origin(network: bytes) -> str:
    """The origin line of a network's ledger checkpoints (C2SP tlog-checkpoint)."""
    return f"consortia/{network.hex()}"


def cosigner_name(member: str, network: bytes) -> str:
    """The name on a member's cosignature lines (C2SP tlog-cosignature)."""
    return f"{member}.consortia/{network.hex()[:16]}"
