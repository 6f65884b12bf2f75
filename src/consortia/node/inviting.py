"""An invitation of a home: where the joiner reaches its node, and the file that opens that door once."""

from collections.abc import Container

from msgspec.structs import replace

from consortia.node.cometbft.peering import peer_of
from consortia.node.config import EVERYWHERE, Config, split_address
from consortia.node.home import Home
from consortia.node.invitations import Invitations, Invite, InviteError, Place
from consortia.node.tls import tls_files


def invite(  # noqa: PLR0917 (who invites whom, where and when)
    home: Home, config: Config, name: str, url: str | None, now: int, members: Container[str] = ()
) -> Invite:
    """Invite the organisation `name` to the home's node, at `url` or where the node itself is reached.

    Raises InviteError where that place, or that of its CometBFT, is not known, for what is no name, and for
    one of the `members` or the home's own.
    """
    if name == config.member or name in members:
        raise InviteError(f"{name} is a member already; an invitation takes a name that no member has")
    address = url or _own_url(home, config)
    pin = tls_files(home.keys).pin() if address.startswith("https://") else b""
    peer = _peer(home, replace(config, url=address)) if config.driver == "cometbft" else ""
    place = Place(config.member, address, pin, peer)
    return Invitations(home.path).invite(home.genesis(), name, place, now)


def address_of(config: Config) -> str:
    """Where a node is reached by its settings; empty when they do not say."""
    host, port = split_address(config.listen)
    if config.url or host in EVERYWHERE or not port:
        return config.url
    return f"{'https' if config.tls else 'http'}://{config.listen}"


def _own_url(home: Home, config: Config) -> str:
    """Where the home's node is reached, by its settings, or by itself while it runs."""
    known = address_of(config)
    if known:
        return known
    running = home.running()
    if running is None or split_address(running.url.partition("//")[2])[0] in EVERYWHERE:
        raise InviteError(
            "where this member's node is reached is not known: consortia invite NAME --url https://HOST:PORT"
        )
    return running.url


def _peer(home: Home, config: Config) -> str:
    """Where the joiner reaches the home's CometBFT."""
    if split_address(config.peer_place)[0] in EVERYWHERE:
        raise InviteError(
            f"where others reach this member's CometBFT is not known: {config.peer_place} is every "
            'machine\'s. Set peer_address = "HOST:PORT" in consortia.toml'
        )
    return peer_of(home, config)
