"""Whether a URL can be a node's, judged with the standard library's own readers of URLs and IP addresses."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from string import ascii_letters, digits
from urllib.parse import urlsplit

LETTERS = set(ascii_letters + digits + "-_")
PATH = set(ascii_letters + digits + "/._~-")
TRANSLATED = [IPv6Address(start).packed[:12] for start in ("::", "::ffff:0:0", "64:ff9b::")]
"""IPv6 addresses that stand for one of IPv4 begin like these."""


def is_node_address(url: str) -> bool:
    """Whether it names a host that others can reach, maybe a port and a path, and nothing else.

    Plain http is for the machine itself.
    """
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return False
    spelled = parts.netloc.removesuffix("" if port is None else f":{port}")
    address = _address(spelled)
    if port == 0 or parts.scheme + "://" + parts.netloc + parts.path != url or not set(parts.path) <= PATH:
        return False
    if spelled.lower() != (f"[{host}]" if isinstance(address, IPv6Address) else host):
        return False
    if {".", ".."} & set(parts.path.split("/")):
        return False
    if not (_is_name(spelled) if address is None else _is_reachable(address)):
        return False
    return parts.scheme == "https" or host == "localhost" or (address is not None and address.is_loopback)


def _address(spelled: str) -> IPv4Address | IPv6Address | None:
    """The IP address that a host is, in its plainest spelling; None for anything else."""
    bare = spelled.removeprefix("[").removesuffix("]")
    try:
        found = ip_address(bare)
    except ValueError:
        return None
    if isinstance(found, IPv4Address):
        return found if spelled == bare else None
    plain = bare == bare.lower() and not {".", "%"} & set(bare)
    return found if spelled == f"[{bare}]" and plain else None


def _is_reachable(address: IPv4Address | IPv6Address) -> bool:
    """Whether one machine can have it as its own."""
    if address.is_loopback:
        return True
    if address.is_multicast or address.is_link_local or address.is_unspecified:
        return False
    if isinstance(address, IPv4Address):
        return not address.is_reserved and not str(address).startswith("0.")
    return address.packed[:12] not in TRANSLATED


def _is_name(host: str) -> bool:
    labels = host.split(".")
    last = labels[-1].lower()
    number = last.isdigit() or (last.startswith("0x") and set(last[2:]) <= set("0123456789abcdef"))
    return len(host) <= 253 and not number and all(_is_label(label) for label in labels)


def _is_label(label: str) -> bool:
    return 1 <= len(label) <= 63 and set(label) <= LETTERS and "-" not in {label[0], label[-1]}
