"""`consortia doctor`: what is wrong with a home, and how to mend it. It changes nothing."""

import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click

from consortia.base.ids import network_id
from consortia.cli.errors import explain
from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE, REFUSED, Failure, counted, facts, fold, say
from consortia.cli.readiness import Answer, answers, coming
from consortia.cli.session import Session, at_home
from consortia.cli.standing import AWAY, AWAY_ORDERER, cosigners
from consortia.cli.trainers import REMEDY, own_faults
from consortia.node.cometbft.binary import GET
from consortia.node.config import Config, ConfigError, is_loopback, split_address
from consortia.node.home import Home
from consortia.node.keys import SUFFIX, list_keys
from consortia.node.tls import tls_files
from consortia.sdk.moments import moment, utc_milliseconds

FREE_BYTES_MIN = 1 << 30
CLOCK_MILLISECONDS_MAX = 2_000
"""Witnesses take block times within 5 s of their clocks; a clock this far off is on its way out."""

CERTIFICATE_DAYS_MIN = 30
REACH = "see that these members' nodes run, and reach one another"
Level = Literal["ok", "advice", "wrong"]


@dataclass(frozen=True, slots=True)
class Found:
    """One thing looked at: how it is, in words, and what to do where that is not well."""

    check: str
    level: Level
    text: str
    remedy: str = ""


@click.command()
@home_option
@json_option
def doctor(*, home: Path | None, as_json: bool) -> int:
    """Look for what is wrong with a home, and say how to mend it.

    Permissions, keys, disk, clock, port, store, certificate, cosignatures, the own program of studies of
    weights. Nothing is changed. Exit code 1 when anything is wrong; advice alone is 0.
    """
    subject = Home.find(home, os.environ)
    found = [one for check in CHECKS for one in _safely(check, subject)]
    wrong = [one for one in found if one.level == "wrong"]
    if as_json:
        rows = [{"check": f.check, "level": f.level, "text": f.text, "remedy": f.remedy} for f in found]
        facts({"home": str(subject.path), "ok": not wrong, "checks": rows})
    else:
        for one in found:
            _tell(one)
        say()
        say(f"{counted(len(wrong), 'thing is', 'things are')} wrong." if wrong else "Nothing is wrong.")
    return REFUSED if wrong else DONE


def _tell(one: Found) -> None:
    colour = {"ok": "green", "advice": "yellow", "wrong": "red"}[one.level]
    fold(f"{one.check}: {one.text}", " " * 7, first=click.style(one.level.ljust(7), fg=colour, bold=True))
    if one.remedy:
        say(f"       try: {one.remedy}")


def _safely(check: Callable[[Home], Iterator[Found]], home: Home) -> Iterator[Found]:
    """What a check finds; a check that cannot be made is itself a finding.

    But for one that needs the settings: what is wrong with them is said once, by their own check.
    """
    try:
        yield from check(home)
    except ConfigError as error:
        if check is _settings:
            yield Found("settings", "wrong", str(error), explain(error).remedy)
    except Exception as error:  # noqa: BLE001 (told as a finding: the other checks go on)
        failure = error if isinstance(error, Failure) else explain(error)
        yield Found(check.__name__.strip("_"), "wrong", failure.text, failure.remedy)


def _settings(home: Home) -> Iterator[Found]:
    config = home.config(os.environ)
    named = network_id(home.genesis()).hex()
    if named != config.network:
        yield Found("settings", "wrong", f"genesis.cbor is that of {named}", "restore the home, or join anew")
    else:
        yield Found("settings", "ok", f"{config.member} of {config.network[:16]}")


def _permissions(home: Home) -> Iterator[Found]:
    private = [home.path, home.keys, home.private, *home.keys.glob(f"*{SUFFIX}"), *home.keys.glob("*.key")]
    loose = [path for path in private if path.exists() and path.stat().st_mode & 0o077]
    for path in loose:
        yield Found("permissions", "wrong", f"others may read {path}", f"chmod go-rwx {path}")
    phrase = Path(os.environ.get("CONSORTIA_PASSPHRASE_FILE", ""))
    if phrase.is_file() and phrase.stat().st_mode & 0o077:
        yield Found(
            "permissions", "advice", f"others may read the passphrase in {phrase}", f"chmod go-rwx {phrase}"
        )
    elif not loose:
        yield Found("permissions", "ok", "nobody else reads keys or private data")


def _keys(home: Home) -> Iterator[Found]:
    infos = list_keys(home.keys)
    roles = {info.role for info in infos}
    for role in ("admin", "node", "worker"):
        if role not in roles:
            yield Found(
                "keys", "wrong", f"there is no key of the role {role}", "consortia restore, or key recover"
            )
    plain = [info.label for info in infos if info.plain]
    if plain:
        text = f"not encrypted: {', '.join(plain)}; whoever reads these files can sign"
        yield Found("keys", "advice", text, "for more than a demonstration, join with a passphrase")
    if "recovery" in roles:
        text = "the recovery key is on this machine; who takes the machine takes the member"
        path = home.keys / f"recovery{SUFFIX}"
        yield Found("recovery key", "advice", text, f"move {path} to a safe place")
    if not plain and "node" in roles:
        yield Found("keys", "ok", f"{len(infos)} key files, encrypted")


def _disk(home: Home) -> Iterator[Found]:
    free = shutil.disk_usage(home.path).free
    if free < FREE_BYTES_MIN:
        yield Found("disk", "wrong", f"{free / 1e6:,.0f} MB are free", "make room, or move the home")
    else:
        yield Found("disk", "ok", f"{free / 1e9:,.1f} GB are free")


def _store(home: Home) -> Iterator[Found]:
    if home.running() is not None:
        return
    from consortia.node.archive import ledger_of

    if not (home.ledger / "data.mdb").is_file():
        yield Found("store", "ok", "empty: the node fills it when it starts")
        return
    with ledger_of(home.ledger) as ledger:
        tip = ledger.tip
        yield Found("store", "ok", f"whole, at block {tip.height:,}; consortia audit looks at every entry")


def _port(home: Home) -> Iterator[Found]:
    if home.running() is not None:
        return
    host, port = split_address(home.config(os.environ).listen)
    if port == 0:
        yield Found("port", "ok", f"the node takes a free port of {host}, another at each start")
        return
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            text = f"{host}:{port} cannot be listened on ({error.strerror})"
            yield Found("port", "wrong", text, "set `listen` in consortia.toml, or consortia up --listen")
            return
    yield Found("port", "ok", f"{host}:{port} is free")


def _certificate(home: Home) -> Iterator[Found]:
    config = home.config(os.environ)
    if not config.tls and is_loopback(split_address(config.listen)[0]):
        return
    from cryptography import x509

    certificate = x509.load_der_x509_certificate(tls_files(home.keys).der())
    days = int((certificate.not_valid_after_utc.timestamp() - time.time()) // 86_400)
    if days < CERTIFICATE_DAYS_MIN:
        text = f"the certificate ends in {days} days"
        remedy = f"move {tls_files(home.keys).certificate} and its key away, and make new ones"
        yield Found("certificate", "wrong", text, remedy)
    else:
        yield Found("certificate", "ok", f"valid for {days:,} days more")


def _engine(home: Home) -> Iterator[Found]:
    """CometBFT, where it orders this network's blocks."""
    config = home.config(os.environ)
    if config.driver != "cometbft":
        return
    from consortia.node.cometbft.binary import CometBftError, find

    try:
        found = find(config.cometbft, home.path, os.environ)
    except CometBftError as error:
        yield Found("cometbft", "wrong", str(error), GET)
        return
    if home.running() is None:
        yield Found("cometbft", "ok", f"{found.path}, version {found.version}")
        return
    told = at_home(home.path).client.status().driver
    if not told["running"]:
        yield Found("cometbft", "wrong", "it does not answer", f"see {home.logs / 'cometbft.log'}")
    elif told.get("stands"):
        yield Found("cometbft", "wrong", told["stands"], REACH)
    elif not told["peers"] and len(at_home(home.path).client.status().members) > 1:
        text = f"it is connected to no peer; it listens at {told['peer']}"
        yield Found("cometbft", "wrong", text, "check `peers` and `peer_address` in consortia.toml")
    elif not told.get("quorum", True):
        text = f"it is not connected to that of {', '.join(told['away'])}: the others are too few for a block"
        yield Found("cometbft", "advice", text, REACH)
    else:
        vote = f"votes with power {told['power']}" if told["votes"] else "does not vote"
        peers = counted(told["peers"], "peer", "peers")
        yield Found("cometbft", "ok", f"version {told['version']}, {peers}; this node {vote}")


def _node(home: Home) -> Iterator[Found]:
    if home.running() is None:
        yield Found("node", "advice", "it does not run", f"consortia up --home {home.path}")
        return
    session = at_home(home.path)
    status = session.client.status()
    if status.hindered is not None:
        yield Found("node", "wrong", f"it cannot go on: {status.hindered}", "it goes on by itself then")
    if status.stopped is not None:
        remedy = "look at the evidence in its folder `witness` with the others"
        if status.orderer:
            remedy += ", then: consortia network hand-over MEMBER"
        yield Found("node", "wrong", f"it has stopped: {status.stopped}", remedy)
    elif status.withheld is not None:
        yield Found(
            "node", "wrong", f"it does not cosign: {status.withheld}", "mend the cause; it goes on by itself"
        )
    else:
        yield Found("node", "ok", f"runs at {session.client.url}, block {status.height:,}")
    missing = sorted(set(status.members) - set(cosigners(session)))
    if status.member not in status.members:
        text = f"{status.member} is no member by the ledger here, and the members' nodes tell it nothing"
        yield Found("member", "wrong", text, "consortia join INVITE, which goes on where it was")
    elif status.final_size < status.size and missing:
        waits = counted(status.size - status.final_size, "leaf waits", "leaves wait")
        text = f"{waits} for cosignatures; awaited: {', '.join(missing)}"
        yield Found("final", "wrong", text, REACH)
    yield from _clock(session)
    yield from _upgrades(session, home.config(os.environ))


def _clock(session: Session) -> Iterator[Found]:
    """Whether the members' nodes answer, and this machine's clock beside theirs."""
    for one in answers(session):
        if one.status is None:
            yield _silent(session, one) if one.problem else Found("peer", "ok", f"{one.member} answers")
            continue
        off = one.status.clock - utc_milliseconds()
        if abs(off) > CLOCK_MILLISECONDS_MAX:
            yield Found("clock", "wrong", f"{off:+,} ms from that of {one.member}", "set the clocks by NTP")
        else:
            yield Found("clock", "ok", f"{off:+,} ms from that of {one.member}")


def _silent(session: Session, one: Answer) -> Found:
    """A member's node that does not answer; without the one that orders, no block is made."""
    known = session.client.status()
    since = f", since {moment(known.away[one.member].since)}" if one.member in known.away else ""
    text = f"{one.member} at {one.url} does not answer{since}: {one.problem.removeprefix(f'{one.url}: ')}"
    if one.member != known.orderer or known.driver.get("name") == "cometbft":
        return Found("peer", "advice", text, AWAY)
    return Found("peer", "wrong", f"no block is made: the orderer {text}", AWAY_ORDERER)


def _upgrades(session: Session, config: Config) -> Iterator[Found]:
    """Whether this node and the others have the rules that the members agreed on."""
    for one in coming(session):
        if config.member in one.lacking:
            remedy = f"install the software with the digest {one.demand.software.hex()} before"
            yield Found("upgrade", "wrong", f"this node lacks it and will stop: {one.text}", remedy)
        else:
            yield Found("upgrade", "advice" if one.lacking else "ok", one.text)


def _studies(home: Home) -> Iterator[Found]:
    """Studies of weights that the member joined, and whose rounds its own program cannot do."""
    if home.running() is None:
        return
    for study, fault in own_faults(at_home(home.path)):
        yield Found("study", "wrong", f"{study} waits for this member in vain: {fault}", REMEDY)


def _leftovers(home: Home) -> Iterator[Found]:
    for name, text in (
        ("ledger-before-restore", "the ledger from before a restore; remove it once it is not needed"),
        (".recovering", "keys of a recovery that did not end: consortia key recover again"),
    ):
        if (home.path / name).exists():
            yield Found("leftover", "advice", f"{home.path / name}: {text}")
    for path in home.path.glob("ledger-copy-*"):
        yield Found("leftover", "advice", f"{path}: the copy of an export that broke off", f"rm -r {path}")


CHECKS: tuple[Callable[[Home], Iterator[Found]], ...] = (
    _settings,
    _permissions,
    _keys,
    _disk,
    _store,
    _port,
    _certificate,
    _engine,
    _node,
    _studies,
    _leftovers,
)
