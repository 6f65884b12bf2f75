"""Who is ready for the upgrades that the members agreed on, and how the members' nodes answer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consortia.cli.governing import governance_of
from consortia.cli.session import Keyring, Session, place_of
from consortia.kernel.upgrades import Demand, lacking
from consortia.sdk.errors import LedgerError, RequestFailed
from consortia.sdk.moments import moment, utc_milliseconds

if TYPE_CHECKING:
    from consortia.sdk.client import Status

UNKNOWN = 401
"""The HTTP status with which a node answers whoever does not say who asks."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A member's node: what it says of itself, or why it says nothing.

    Neither for one that answers, but tells a stranger nothing.
    """

    member: str
    url: str
    status: "Status | None"
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Coming:
    """An upgrade whose rules some software may lack: the demand, who lacks it, and of whom nobody knows."""

    demand: Demand
    lacking: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def name(self) -> str:
        """The module and the version."""
        return f"{self.demand.module} {self.demand.version}"

    @property
    def text(self) -> str:
        """All of it, on one line."""
        said = f"{self.name} is in force from {moment(self.demand.time)} on"
        said += f"; not ready: {', '.join(self.lacking)}" if self.lacking else ""
        return said + (f"; not known of: {', '.join(self.unknown)}" if self.unknown else "")

    @property
    def facts(self) -> dict[str, Any]:
        """All of it, for JSON."""
        one = self.demand
        facts = {"module": one.module, "version": one.version, "software": one.software, "time": one.time}
        return {**facts, "lacking": list(self.lacking), "unknown": list(self.unknown)}


def answers(session: Session) -> Iterator[Answer]:
    """What the other members' nodes say; whether they answer at all, where signing takes a passphrase."""
    known, keyring = session.client.status(), Keyring(session.home)
    key = keyring.open("admin") if keyring.plain else None
    from consortia.sdk.client import Client

    for name, url in sorted(known.peers.items()):
        if name == known.member:
            continue
        pins = place_of(session.home, url, name).pins
        network = bytes.fromhex(known.network)
        client = Client(url, network=network, member=name, key=key, pins=pins)
        try:
            yield Answer(name, url, client.status())
        except LedgerError as error:
            stranger = key is None and isinstance(error, RequestFailed) and error.status == UNKNOWN
            yield Answer(name, url, None, "" if stranger else str(error))
        finally:
            client.close()


def coming(session: Session) -> list[Coming]:
    """The upgrades to come, and those in force that somebody's software lacks; other members are asked."""
    demands = [
        Demand(module.name, module.version, upgrade.software, upgrade.time)
        for upgrade in governance_of(session).decisions().upgrades
        for module in upgrade.modules
    ]
    if not demands:
        return []
    own = session.client.status()
    versions: dict[str, Mapping[str, int]] = {own.member: own.modules}
    versions |= {one.member: one.status.modules for one in answers(session) if one.status is not None}
    found = []
    for one in demands:
        behind = tuple(sorted(name for name, has in versions.items() if lacking((one,), has)))
        if behind or one.time > utc_milliseconds():
            found.append(Coming(one, behind, tuple(sorted(set(own.members) - set(versions)))))
    return found
