"""`consortia status`: where a node stands, by what it says and by what lies in its home."""

import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import msgspec

from consortia.base.note import parse_note
from consortia.cli.options import home_option, json_option, member_option
from consortia.cli.output import DONE, UNCHECKED, Failure, counted, facts, fold, note, say, table
from consortia.cli.readiness import coming
from consortia.cli.session import Keyring, Session, at_home, at_place, place_of
from consortia.modules.identity.queries import Nothing, OffenceView, ProposalsView, ValidatorsView
from consortia.modules.operations.queries import OfMember, OwedPage
from consortia.node.home import Home
from consortia.sdk.errors import LedgerError, RequestFailed
from consortia.sdk.moments import moment, utc_milliseconds

_MB, _GB = 1_000_000, 1_000_000_000
AWAY = "have that member see that its node runs, and that it is reached from here at the address above"
AWAY_ORDERER = (
    "see that it runs and is reached from here; if it stays away: consortia network hand-over MEMBER"
)
STARTING_SECONDS = 15
"""CometBFT answers within so many seconds of a node's start, on a machine that is not busy."""

ASKED_SECONDS = 20
"""A node that runs for so long has asked each other one whether it is there, and waited for the answer."""


@click.command()
@home_option
@click.option("--url", help="Ask this node instead, signing with the home's administrator's key.")
@member_option
@click.option("--wait", type=click.FloatRange(0), default=0, help="Wait so many seconds for the node to run.")
@json_option
def status(*, home: Path | None, url: str | None, member: str | None, wait: float, as_json: bool) -> int:
    """Show where a node stands: height, root, members and who cosigns, disk, clock, alerts.

    Members whose nodes do not answer are named; one that only reaches out is heard by the orderer alone.
    Exit code 3 when the home's node does not run; what its ledger holds is shown all the same.
    """
    found = Home.find(home, os.environ)
    until = time.monotonic() + wait
    while url is None and not _answers(found) and time.monotonic() < until:
        time.sleep(0.2)
    if url is None and found.running() is None:
        return _at_rest(found, as_json=as_json)
    session = at_home(home) if url is None else at_place(place_of(found, url, member), Keyring(found))
    known = gather(session, found if url is None else None)
    if as_json:
        facts(known)
    else:
        _tell(known)
    return DONE


def _answers(home: Home) -> bool:
    """Whether the home's node runs and answers."""
    if home.running() is None:
        return False
    try:
        at_home(home.path).client.status()
    except LedgerError:
        return False
    return True


def gather(session: Session, home: Home | None) -> dict[str, Any]:
    """The facts of a running node, with those of its home on this machine."""
    from importlib.metadata import version

    known: dict[str, Any] = msgspec.to_builtins(session.client.status())
    known["running"] = True
    known["url"] = session.client.url
    known["cosigned"] = cosigners(session)
    known["clock_off"] = int(known["clock"]) - utc_milliseconds()
    known["version"] = version("consortia")
    open_ones = session.ask("identity.proposals", Nothing(), ProposalsView).proposals
    known["proposals"] = [{"kind": one.kind, "name": one.name, "awaited": one.awaited} for one in open_ones]
    owed = session.ask("operations.awaited", OfMember(session.member), OwedPage).owed
    known["answers"] = [{"kind": one.kind, "author": one.author, "due": one.due} for one in owed]
    known["offences"] = [offence_facts(one) for one in offences(session)]
    known["upgrades"] = [one.facts | {"text": one.text} for one in coming(session)]
    if home is not None:
        known["home"] = str(home.path)
        known["disk"] = disk(home)
    return known


def offences(session: Session) -> tuple[OffenceView, ...]:
    """Of what members' consensus keys were convicted; it stands for ever."""
    return session.ask("identity.validators", Nothing(), ValidatorsView).offences


def offence_facts(one: OffenceView) -> dict[str, Any]:
    """An offence, for JSON."""
    return {"member": one.member, "kind": one.offence.misdeed, "height": one.height, "time": one.offence.time}


def offence_line(member: str, kind: str, height: int) -> str:
    """An offence, for people."""
    what = {"duplicate_vote": "voted twice", "light_client_attack": "vouched for a block that was none"}
    return f"{member} was convicted: its consensus key {what.get(kind, kind)} at CometBFT's block {height:,}"


def cosigners(session: Session) -> list[str]:
    """The members who cosigned the newest final ledger checkpoint."""
    try:
        data = session.client.checkpoint()
    except RequestFailed as error:
        if error.status == 404:
            return []
        raise
    found = parse_note(data)
    names = {signature.name for signature in found.signatures} - {found.checkpoint.origin}
    return sorted(name.partition(".")[0] for name in names)


def disk(home: Home) -> dict[str, int]:
    """Bytes that the home's parts take, and that are free on its disk."""
    usage = {
        name: sum(path.stat().st_blocks * 512 for path in (home.path / name).rglob("*") if path.is_file())
        for name in ("ledger", "blobs", "private", "logs")
    }
    return usage | {"free": shutil.disk_usage(home.path).free}


def _at_rest(home: Home, *, as_json: bool) -> int:
    """What the ledger of a home holds whose node does not run."""
    from consortia.app import application
    from consortia.kernel.ledger import Ledger
    from consortia.store.lmdb import LmdbStore

    config = home.config(os.environ)
    known: dict[str, Any] = {"network": config.network, "member": config.member, "running": False}
    if (home.ledger / "data.mdb").is_file():
        with LmdbStore(home.ledger, read_only=True) as store:
            ledger = Ledger.open(store, application())
            tip = ledger.tip
            known["base"] = None if ledger.base is None else msgspec.to_builtins(ledger.base)
            known |= {"height": tip.height, "time": tip.time, "size": tip.size, "root": tip.root.hex()}
            known["members"] = [one.name for one in ledger.members().members]
    known |= {"home": str(home.path), "disk": disk(home)}
    if as_json:
        facts(known)
        return UNCHECKED
    _tell(known)
    raise Failure(f"no node runs on {home.path}", f"consortia up --home {home.path}", code=UNCHECKED)


def _tell(known: Mapping[str, Any]) -> None:
    rows = [("network", known["network"]), ("member", known["member"])]
    if "url" in known:
        rows.append(("node", f"{known['url']}, up {_span(known['seconds'])}"))
    if "height" in known:
        rows += [
            ("block", f"{known['height']:,}, {_ago(known['time'])}"),
            ("log", f"{counted(known['size'], 'leaf', 'leaves')}{_begins(known)}"),
            ("root", known["root"]),
            ("members", _members(known)),
        ]
    if "final_size" in known:
        behind = known["size"] - known["final_size"]
        left = "everything" if not behind else f"all but {counted(behind, 'leaf', 'leaves')}"
        rows += [
            ("final", f"{left}, cosigned by {', '.join(known['cosigned']) or 'nobody yet'}"),
            ("orderer", _ordering(known)),
            ("clock", f"{known['clock_off']:+d} ms from this machine's"),
            ("version", f"{known['version']}, rules {_rules(known['modules'])}"),
        ]
    if "disk" in known:
        used = ", ".join(f"{name} {_size(size)}" for name, size in known["disk"].items())
        rows.append(("disk", used))
    for name, text in rows:
        fold(text, " " * 9, first=click.style(name.ljust(9), dim=True))
    _tell_rest(known)


def _members(known: Mapping[str, Any]) -> str:
    """The members, and that this home's is none of them, as before it joined."""
    own, names = known["member"], ", ".join(known["members"])
    if own in known["members"]:
        return names
    fetching = known.get("seconds", ASKED_SECONDS) < ASKED_SECONDS and own != known.get("orderer")
    so_far = f" by block {known['height']:,}, and this node has just begun to fetch" if fetching else ""
    return f"{names}; {own} is none{so_far}: consortia join INVITE"


def _begins(known: Mapping[str, Any]) -> str:
    """Where a ledger begins that was restored from a snapshot."""
    base = known.get("base")
    if not base:
        return ""
    return f", those after {base['size']:,} here: restored from a snapshot of block {base['height']:,}"


def _tell_rest(known: Mapping[str, Any]) -> None:
    peers: Mapping[str, str] = known.get("peers", {})
    if peers:
        say()
        rows = [[name, peers.get(name, "not said yet"), _answering(known, name)] for name in known["members"]]
        table(rows, ["member", "node", ""])
    for name, one in known.get("away", {}).items():
        _tell_away(known, name, one)
    for one in known.get("proposals", []):
        say()
        say(f"{one['kind']} of {one['name']} is open; awaited: {', '.join(one['awaited']) or 'nobody'}")
    for one in known.get("answers", []):
        say(f"{one['author']} awaits your answer to its {one['kind']} until {moment(one['due'])}")
    for one in known.get("upgrades", []):
        note(f"{click.style('upgrade', fg='red' if one['lacking'] else 'yellow')}: {one['text']}")
    for one in known.get("offences", []):
        note(f"{click.style('offence', fg='red')}: {offence_line(one['member'], one['kind'], one['height'])}")
    grave = {name: known.get(name) for name in ("stopped", "hindered", "withheld")}
    grave["no blocks"] = known.get("driver", {}).get("stands")
    for name, text in grave.items():
        if text:
            note(f"{click.style(name, fg='red', bold=True)}: {text}")
    for alert in known.get("alerts", []):
        note(f"{click.style('alert', fg='yellow')} {_ago(alert['time'])}: {alert['kind']}: {alert['text']}")


def _answering(known: Mapping[str, Any], name: str) -> str:
    """Whether a member's node answers this one."""
    one = known["away"].get(name)
    if one is not None:
        return f"away for {_span((known['clock'] - one['since']) / 1000)}"
    if name == known["member"]:
        return "this node"
    return "" if name not in known["peers"] or known["seconds"] < ASKED_SECONDS else "answers"


def _tell_away(known: Mapping[str, Any], name: str, one: Mapping[str, Any]) -> None:
    """A member's node that does not answer, what that means, and what to do."""
    orders = name == known["orderer"] and known["driver"].get("name") != "cometbft"
    meant = "; it orders, so no block is made" if orders else ""
    text = f"{name} has not answered since {moment(one['since'])}: {one['text']}{meant}"
    note(f"{click.style('away', fg='red', bold=True)}: {text}")
    note(f"  try: {AWAY_ORDERER if orders else AWAY}")


def _ordering(known: Mapping[str, Any]) -> str:
    """Who orders the blocks: a member's node, or all members' by their engine."""
    driver: Mapping[str, Any] = known["driver"]
    if driver.get("name") == "cometbft":
        return f"all members' CometBFT{_engine(driver, known['seconds'])}"
    if known["orderer"] != known["member"]:
        return str(known["orderer"])
    return f"{known['orderer']}, this node{'' if known['ordering'] else ', which hears its followers first'}"


def _engine(driver: Mapping[str, Any], seconds: int) -> str:
    """How this member's CometBFT is, so many seconds after its node started."""
    if not driver["running"]:
        state = "is starting" if seconds < STARTING_SECONDS else "does not answer"
        found = f"; this node's {driver['version']} {state}"
        return f"{found}; {driver['text']}" if driver["text"] else found
    vote = f"votes with power {driver['power']}" if driver["votes"] else "does not vote"
    peers = counted(driver["peers"], "peer", "peers")
    found = f" {driver['version']}, its block {driver['height']:,}, {peers}"
    found += f" (not {', '.join(driver['away'])})" if driver.get("away") else ""
    found += f"; this node {vote}"
    found += ", keeps all blocks" if driver.get("archive") else ""
    found += ", and fetches older blocks first" if driver["catching_up"] else ""
    return f"{found}; {driver['text']}" if driver["text"] else found


def _rules(modules: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in modules.items())


def _size(octets: int) -> str:
    return f"{octets / _GB:,.1f} GB" if octets >= _GB else f"{octets / _MB:,.1f} MB"


def _ago(milliseconds: int) -> str:
    seconds = time.time() - milliseconds / 1000
    return f"{_span(seconds)} ago" if seconds >= 0 else f"{_span(-seconds)} ahead"


def _span(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
