"""How a home comes to be: by founding a network, or by joining one.

A member starts with four keys: one for its people (admin, analyst, operator), one for its node, one
for its worker, and an offline recovery key, whose file is to be taken off the machine.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from consortia.app import application
from consortia.base.codec import encode_record, to_value
from consortia.base.ids import is_name
from consortia.base.keys import SigningKey
from consortia.kernel.genesis import DEFAULT_LIMITS, PROTOCOL_VERSION, Genesis
from consortia.modules.identity.messages import NewKey
from consortia.modules.identity.rules import FULL_QUOTA, possession_message
from consortia.modules.identity.types import Founder, IdentityGenesis, KeySpec
from consortia.node.config import Config, ConfigError
from consortia.node.home import Home
from consortia.node.invitations import Invite, JoinRequest
from consortia.node.keys import save_key
from consortia.node.tls import TlsFiles, make_certificate

ROLES: dict[str, tuple[str, ...]] = {
    "admin": ("admin", "analyst", "operator"),
    "node": ("node",),
    "worker": ("worker",),
    "recovery": ("recovery",),
}
"""The keys that a member starts with, by label, and the roles of each."""

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 (named, not listened on)
"""Addresses that stand for all of a machine's, and so name no host in a certificate."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person asks for a new home: its folder, the member's name and title, and how its node listens.

    Without a `passphrase` the key files are plain.
    """

    path: Path
    member: str
    title: str
    passphrase: str | None
    listen: str = "127.0.0.1:0"
    url: str = ""
    tls: bool = False


def found(wishes: Wishes, network: str, now: int) -> tuple[Home, Genesis]:
    """Make a network called `network` with one founding member, and its home; `now` in UTC milliseconds.

    Raises ConfigError for an impossible name, HomeError where there is a home already.
    """
    _check_name(wishes.member)
    keys = {label: SigningKey(os.urandom(32)) for label in ROLES}
    specs = tuple(_spec(label, keys[label]) for label in ROLES)
    founder = Founder(wishes.member, wishes.title, specs, FULL_QUOTA)
    app = application()
    genesis = Genesis(
        protocol=PROTOCOL_VERSION,
        name=network,
        time=now,
        limits=DEFAULT_LIMITS,
        modules=app.versions(),
        state={"identity": to_value(IdentityGenesis((founder,), FULL_QUOTA))},
    )
    home = _home(wishes, genesis.network(), encode_record(genesis), orderer="", pin="")
    _save(home, wishes, keys)
    _certificate(home, wishes, now)
    return home, genesis


def prepare(wishes: Wishes, invite: Invite, now: int) -> tuple[Home, JoinRequest]:
    """Make the home of a joiner, and what it posts to the inviting node; raises as `found` does."""
    _check_name(wishes.member)
    network = bytes.fromhex(invite.network)
    keys = {label: SigningKey(os.urandom(32)) for label in ROLES}
    specs = tuple(_spec(label, keys[label]) for label in ROLES)
    message = possession_message(network, wishes.member, specs)
    new = tuple(
        NewKey(spec.public, spec.roles, spec.label, keys[label].sign(message))
        for label, spec in zip(ROLES, specs, strict=True)
    )
    home = _home(wishes, network, bytes.fromhex(invite.genesis), orderer=invite.url, pin=invite.pin)
    _save(home, wishes, keys)
    files = _certificate(home, wishes, now)
    certificate = files.der() if wishes.tls else None
    return home, JoinRequest(wishes.member, wishes.title, new, wishes.url or None, certificate)


def _check_name(name: str) -> None:
    if not is_name(name):
        raise ConfigError(f"a member's name is 1 to 32 of a-z, 0-9 and -, not {name!r}")


def _spec(label: str, key: SigningKey) -> KeySpec:
    return KeySpec(key.public, ROLES[label], label)  # type: ignore[arg-type]


def _home(wishes: Wishes, network: bytes, genesis: bytes, *, orderer: str, pin: str) -> Home:
    config = Config(
        member=wishes.member,
        network=network.hex(),
        orderer=orderer,
        orderer_pin=pin,
        listen=wishes.listen,
        url=wishes.url,
        tls=wishes.tls,
    )
    return Home.create(wishes.path, config, genesis)


def _save(home: Home, wishes: Wishes, keys: dict[str, SigningKey]) -> None:
    for label, key in keys.items():
        save_key(home.keys, key, wishes.passphrase, label=label, role=label, member=wishes.member)


def _certificate(home: Home, wishes: Wishes, now: int) -> TlsFiles:
    host = wishes.listen.rpartition(":")[0].strip("[]")
    hosts = {"localhost", "127.0.0.1", host} - {"", *EVERYWHERE}
    return make_certificate(home.keys, wishes.member, sorted(hosts), datetime.fromtimestamp(now / 1000, UTC))
