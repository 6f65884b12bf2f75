"""A member's owner at a node: questions asked, transactions signed with the home's keys and handed in."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from consortia.app import application
from consortia.base.codec import R, Record
from consortia.base.keys import SigningKey
from consortia.cli.output import UNCHECKED, USAGE, Failure, facts, note, say
from consortia.kernel.block import Receipt
from consortia.kernel.ledger import Ledger
from consortia.modules.identity.person_types import PERSON
from consortia.modules.identity.queries import MembersView, Nothing
from consortia.modules.identity.types import Endpoint
from consortia.node.config import EVERYWHERE
from consortia.node.home import Home
from consortia.node.joining import vouching_checkpoint
from consortia.node.keys import find_keys, key_info, list_keys, open_key, passphrase_from
from consortia.node.registered import pins_of, registered
from consortia.node.tls import pins_at
from consortia.sdk.client import Client
from consortia.sdk.errors import TransactionRefused
from consortia.sdk.transport import Credentials
from consortia.store.lmdb import LmdbStore

TRIES = 3
Change = Callable[[bytes | None], Record]
"""Makes the message of a change of the member set from the checkpoint that it must show."""


class Keyring:
    """The keys of a home; the passphrase is asked for once, and only for an encrypted one."""

    def __init__(self, home: Home, phrase: str | None = None) -> None:
        """Use the keys of `home`, with a passphrase that is known already, if it is."""
        self.home = home
        self._phrase = phrase

    def passphrase(self) -> str:
        """The passphrase of the home's keys."""
        if self._phrase is None:
            self._phrase = passphrase_from(os.environ)
        return self._phrase

    @property
    def plain(self) -> bool:
        """Whether the home's keys are kept without a passphrase."""
        return any(info.plain for info in list_keys(self.home.keys))

    def open(self, role: str) -> SigningKey:
        """The first key file with a role; raises KeyFileError."""
        return open_key(find_keys(self.home.keys, role)[0], self.passphrase)

    def for_roles(self, roles: Iterable[str]) -> SigningKey:
        """A key that may sign for one of `roles`: a key of just such an office, else the administrator's."""
        offices = set(roles) - {"admin", "agent", "worker", "node", "person", "recovery", "consensus"}
        have = [info.role for info in list_keys(self.home.keys)]
        return self.open(next((role for role in have if role in offices), "admin"))


class Session:
    """A client of one node, and the keys of the home that speaks.

    `connect` makes a client that signs transactions with a key, or with none.
    """

    def __init__(self, connect: Callable[[SigningKey | None], Client], keyring: Keyring, member: str) -> None:
        self._connect, self.keyring, self.member = connect, keyring, member
        self.client = connect(None)
        self.home = keyring.home

    def signing(self, key: SigningKey) -> Client:
        """A client of the same node that signs transactions with `key`; whoever asks closes it."""
        return self._connect(key)

    def ask(self, name: str, arguments: Record, kind: type[R]) -> R:
        """A query's answer; raises LedgerError."""
        return self.client.query(name, arguments, kind)

    def submit(self, *records: Record, key: SigningKey | None = None) -> Receipt:
        """Sign, hand in and wait for the durable receipt; raises TransactionRefused with the code.

        Signed with `key`, or one of the home that may sign all of the messages.
        """
        if key is None:
            app = application()
            methods = [app.methods[app.messages[type(record)]].method for record in records]
            key = self.keyring.for_roles(frozenset.intersection(*[method.roles for method in methods]))
        signing = self._connect(key)
        try:
            return signing.submit(*records)
        finally:
            signing.close()

    def change(self, make: Change, key: SigningKey | None = None) -> Receipt:
        """Hand in a change of the member set, under the checkpoint that made the last change final.

        Tried again when another change came first.
        """
        for _ in range(TRIES - 1):
            try:
                return self.submit(make(vouching_checkpoint(self.client)), key=key)
            except TransactionRefused as error:
                if not error.code.startswith("identity.checkpoint_"):
                    raise
                note("The member set changed meanwhile; trying again ...")
        return self.submit(make(vouching_checkpoint(self.client)), key=key)


@dataclass(frozen=True, slots=True)
class Door:
    """A session, as the nouns of the front door need it. `key` signs, or one of the home that may."""

    session: Session
    key: SigningKey | None = None

    def query(self, name: str, arguments: Record, kind: type[R]) -> R:
        """Ask a module."""
        return self.session.ask(name, arguments, kind)

    def submit(self, *records: Record) -> Receipt:
        """Sign these messages as one transaction and wait for the receipt."""
        return self.session.submit(*records, key=self.key)


def at_home(path: Path | None) -> Session:
    """A session with the running node of a home; raises HomeError, ConfigError, Failure."""
    home = Home.find(path, os.environ)
    config = home.config(os.environ)
    running = home.running()
    if running is None:
        raise Failure(f"no node runs on {home.path}", f"consortia up --home {home.path}", code=UNCHECKED)
    url, token, pins = near(running.url), Credentials(token=home.token()), pins_at(home.keys, running.url)

    def connect(key: SigningKey | None) -> Client:
        return Client(url, network=config.network_id, key=key, credentials=token, pins=pins)

    return Session(connect, Keyring(home), config.member)


@dataclass(frozen=True, slots=True)
class Place:
    """Another member's node: its URL, whose it is, and the pins of its certificate where it is known."""

    url: str
    member: str
    pins: frozenset[bytes] = frozenset()


def at_place(place: Place, keyring: Keyring, *, signing: SigningKey | None = None) -> Session:
    """A session with another member's node, its requests signed by the home's administrator or `signing`."""
    config = keyring.home.config(os.environ)
    own = signing or keyring.open("admin")

    def connect(key: SigningKey | None) -> Client:
        return Client(
            place.url, network=config.network_id, member=place.member, key=key or own, pins=place.pins
        )

    return Session(connect, keyring, config.member)


def place_of(home: Home, url: str, member: str | None) -> Place:
    """The node at a URL: whose it is, by the home's ledger and settings unless `member` says so.

    A request is signed for one member's node alone, so that this one cannot pass it on. Raises Failure.
    """
    known = {name: Place(at.url, name, pins_of(at)) for name, at in _registered(home).items()}
    config = home.config(os.environ)
    if config.orderer_url:
        pins = frozenset({bytes.fromhex(config.orderer_pin)}) if config.orderer_pin else frozenset[bytes]()
        known.setdefault(config.orderer, Place(config.orderer_url, config.orderer, pins))
    if member is not None:
        return Place(url, member, known[member].pins if member in known else frozenset())
    for place in known.values():
        if place.url.rstrip("/") == url.rstrip("/"):
            return replace(place, url=url)
    raise Failure(f"{home.path} does not know whose node {url} is", "--member NAME", code=USAGE)


def _registered(home: Home) -> dict[str, Endpoint]:
    """Where the members' nodes are, by a home's running node or its ledger at rest; nothing before either."""
    if home.running() is not None:
        members = at_home(home.path).ask("identity.members", Nothing(), MembersView).members
        return {one.name: one.endpoint for one in members if one.left is None and one.endpoint is not None}
    if not (home.ledger / "data.mdb").is_file():
        return {}
    with LmdbStore(home.ledger, read_only=True) as store:
        return registered(Ledger.open(store, application()))


def person_key(path: Path) -> SigningKey:
    """The key of a person whom a member enrolled, from its file; raises KeyFileError, Failure."""
    if key_info(path).role != PERSON:
        raise Failure(f"{path} is no person's key", "consortia person new KEY --offer FILE", code=USAGE)
    return open_key(path, lambda: passphrase_from(os.environ))


def tell_done(receipt: Receipt, text: str, *, as_json: bool, **known: Any) -> None:  # noqa: ANN401 (any fact)
    """Tell what was done, and in which block; `known` are further facts for JSON."""
    if as_json:
        facts({"done": text} | known | {"transaction": receipt.transaction, "height": receipt.height})
    else:
        say(f"{text} (block {receipt.height})")


def near(url: str) -> str:
    """The address of a node of this machine that listens everywhere."""
    parts = urlsplit(url)
    if parts.hostname not in EVERYWHERE:
        return url
    host = "[::1]" if parts.hostname == "::" else "127.0.0.1"
    return urlunsplit(parts._replace(netloc=f"{host}:{parts.port}"))
