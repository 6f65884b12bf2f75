"""What can be the address of a member's node: judged by its text alone, the same on every node.

Other members' nodes connect to it and post signed messages, so it must not lead them to what is no node: a
network's own addresses (RFC 6890: none, this link, many at once, reserved), forms of an address that programs
read differently, or a server without TLS on another machine, where no node listens.
"""

import re
from functools import lru_cache

_URL = re.compile(
    r"(https?)://(\[[0-9a-f:]{2,39}\]|[A-Za-z0-9._-]{1,253})(?::([1-9][0-9]{0,4}))?(/[A-Za-z0-9._~/-]*)?\Z"
)
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\Z")
_NUMERIC = re.compile(r"([0-9]+|0[xX][0-9A-Fa-f]*)\Z")
_OCTET = re.compile(r"(0|[1-9][0-9]{0,2})\Z")


@lru_cache(maxsize=1024)
def is_node_address(url: str) -> bool:
    """Whether a URL can be a node's.

    1. It is http or https, a host, maybe a port from 1 to 65535 and a path, and nothing else: no user, no
       query, no fragment, no `.` or `..` in the path.
    2. The host is a name (RFC 1123, section 2.1, and `_`), an IPv4 address of four decimal numbers, or an
       IPv6 address in brackets and lower case.
    3. An IP address is one that a machine can have as its own: see `is_host_address`.
    4. Without TLS it is this machine's own (loopback).
    """
    match = _URL.match(url)
    if match is None or int(match[3] or 1) > 65_535:
        return False
    scheme, host, path = match[1], match[2], match[4] or ""
    if {".", ".."}.intersection(path.split("/")):
        return False
    if not (is_host_address(address) if (address := ip_bytes(host)) is not None else _is_name(host)):
        return False
    return scheme == "https" or is_loopback(host)


def is_loopback(host: str) -> bool:
    """Whether a host, as it stands in a URL, is the machine itself (RFC 6890, RFC 6761 section 6.3)."""
    address = ip_bytes(host)
    return host.lower() == "localhost" or (address is not None and is_own(address))


def is_own(address: bytes) -> bool:
    """Whether an IP address (4 or 16 bytes) leads back to the machine itself."""
    return address[0] == 127 if len(address) == 4 else address == bytes(15) + b"\x01"


def is_host_address(address: bytes) -> bool:
    """Whether an IP address (4 or 16 bytes) is one that a single machine, reachable by others, can have.

    None of: this network, link-local (where clouds keep their machines' credentials), multicast, reserved and
    broadcast (RFC 6890); in IPv6 also none that stands for one of IPv4, which has its own form.
    """
    if len(address) == 4:
        return address[0] not in (0, *range(224, 256)) and address[:2] != b"\xa9\xfe"
    if address[:12] in (bytes(12), bytes(10) + b"\xff\xff", b"\x00\x64\xff\x9b" + bytes(8)):
        return is_own(address)
    return address[0] != 0xFF and not (address[0] == 0xFE and address[1] & 0xC0 == 0x80)


def ip_bytes(host: str) -> bytes | None:
    """The 4 or 16 bytes of a host that is an IP address; None for any other."""
    if host.startswith("["):
        return _ipv6(host[1:-1])
    parts = host.split(".")
    if len(parts) != 4 or not all(_OCTET.match(part) and int(part) < 256 for part in parts):
        return None
    return bytes(int(part) for part in parts)


def _ipv6(text: str) -> bytes | None:
    """RFC 4291, section 2.2, forms 1 and 2: eight groups, of which one run of zeros may be left out."""
    head, gap, tail = text.partition("::")
    left, right = head.split(":") if head else [], tail.split(":") if tail else []
    absent = 8 - len(left) - len(right)
    if (absent < 1 if gap else absent != 0) or not all(0 < len(group) <= 4 for group in left + right):
        return None
    return bytes.fromhex("".join(group.zfill(4) for group in [*left, *["0"] * absent, *right]))


def _is_name(host: str) -> bool:
    """A name whose last label is no number: some programs read such a one as an address."""
    labels = host.split(".")
    return all(_LABEL.match(label) for label in labels) and not _NUMERIC.match(labels[-1])
