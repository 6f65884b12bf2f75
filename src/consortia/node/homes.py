"""How a member's home comes to be: by founding a network, or by preparing to join one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from consortia.base.codec import encode_record
from consortia.base.ids import is_name
from consortia.kernel.genesis import Genesis
from consortia.modules.governance.types import Charter
from consortia.node.config import EVERYWHERE, Config, ConfigError
from consortia.node.founding import MemberKeys, make_genesis
from consortia.node.home import Home
from consortia.node.invitations import Invite, JoinRequest
from consortia.node.tls import TlsFiles, make_certificate


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person asks for a new home: its folder, the member's name and title, how its node listens.

    Without a `passphrase` the key files are plain. `more` are further settings of `consortia.toml`.
    """

    path: Path
    member: str
    title: str
    passphrase: str | None
    listen: str = "127.0.0.1:0"
    url: str = ""
    tls: bool = False
    more: Mapping[str, object] = field(default_factory=dict)
    driver: str = "embedded"


def begin(wishes: Wishes, network: str, now: int, charter: Charter | None = None) -> tuple[Home, Genesis]:
    """Make a network called `network` with one founding member, and its home; `now` in UTC milliseconds.

    `charter` is how its members decide at first, the usual one by default.
    Raises ConfigError for an impossible name, HomeError where there is a home already.
    """
    _check_name(wishes.member)
    keys = MemberKeys.generate(wishes.member, wishes.driver)
    genesis = make_genesis(network, [keys.founder(wishes.title)], now, charter)
    home = _home(wishes, genesis.network(), encode_record(genesis), orderer=wishes.member)
    keys.save(home, wishes.passphrase)
    _certificate(home, wishes, now)
    return home, genesis


def prepare(wishes: Wishes, invite: Invite, now: int) -> tuple[Home, JoinRequest]:
    """Make the home of a joiner, and what it posts to the inviting node; raises as `begin` does."""
    _check_name(wishes.member)
    network = bytes.fromhex(invite.network)
    keys = MemberKeys.generate(wishes.member, invite.driver)
    home = _home(wishes, network, bytes.fromhex(invite.genesis), orderer=invite.inviter, invite=invite)
    keys.save(home, wishes.passphrase)
    files = _certificate(home, wishes, now)
    certificate = files.der() if wishes.tls else None
    request = JoinRequest(wishes.member, wishes.title, keys.proven(network), wishes.url or None, certificate)
    return home, request


def _check_name(name: str) -> None:
    if not is_name(name):
        raise ConfigError(f"a member's name is 1 to 32 of a-z, 0-9 and -, not {name!r}")


def _home(
    wishes: Wishes, network: bytes, genesis: bytes, *, orderer: str, invite: Invite | None = None
) -> Home:
    values: dict[str, object] = {
        "member": wishes.member,
        "network": network.hex(),
        "orderer": orderer,
        "orderer_url": "" if invite is None else invite.url,
        "orderer_pin": "" if invite is None else invite.pin,
        "listen": wishes.listen,
        "url": wishes.url,
        "tls": wishes.tls,
        "driver": wishes.driver if invite is None else invite.driver,
        "peers": (invite.peer,) if invite is not None and invite.peer else (),
        **wishes.more,
    }
    return Home.create(wishes.path, Config(**values), genesis)  # type: ignore[arg-type]


def _certificate(home: Home, wishes: Wishes, now: int) -> TlsFiles:
    host = wishes.listen.rpartition(":")[0].strip("[]")
    hosts = {"localhost", "127.0.0.1", host} - {"", *EVERYWHERE}
    return make_certificate(home.keys, wishes.member, sorted(hosts), datetime.fromtimestamp(now / 1000, UTC))
