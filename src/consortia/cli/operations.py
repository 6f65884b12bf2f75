"""`consortia control`, `notice` and `register`: commands in voted bounds, answers due, unique claims."""

import secrets
from pathlib import Path

import click

from consortia.base.commitments import record_leaf
from consortia.base.times import DAY
from consortia.cli.lookup import digest_of
from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE, Failure, facts, say, table, tell
from consortia.cli.session import Door, at_home
from consortia.modules.operations.types import Control
from consortia.sdk.moments import moment, utc_milliseconds
from consortia.sdk.operations import Operations, tag_of

BY_HAND = click.option("--by-hand", is_flag=True, help="As a person who took it over, not as a program.")


def desk(home: Path | None, *, program: bool = False) -> Operations:
    """Operations through the running node of a home; as a `program` signed with the worker's key."""
    session = at_home(home)
    key = session.keyring.open("worker") if program else None
    return Operations(Door(session, key), session.member)


def _notice(text: str) -> bytes:
    return digest_of(text, "notice", "consortia notice list")


def _register(text: str) -> bytes:
    return digest_of(text, "register", "`consortia register open` printed it")


@click.group()
def control() -> None:
    """What programs steer within bounds that the members voted; officers take it over and hand it back.

    The bounds are voted by a proposal with the action operations.set_control.
    """


@control.command("list")
@home_option
@json_option
def list_controls(*, home: Path | None, as_json: bool) -> int:
    """All that is steered: whose, within which bounds, and who has taken it over."""
    found = desk(home).controls()
    if as_json:
        facts({"controls": found})
        return DONE
    rows = [[each.name, each.control.member, _bounds(each.control), _state(each.control)] for each in found]
    table(rows, ["control", "member", "bounds", "state"])
    return DONE


@control.command()
@click.argument("name")
@click.argument("values", nargs=-1, required=True, metavar="FIELD=VALUE...")
@click.option("--at", type=click.IntRange(0), help="Event time in milliseconds; now when left out.")
@click.option("--seen", default="", help="What led to it; the ledger gets its salted hash.")
@BY_HAND
@home_option
@json_option
def command(
    *,
    name: str,
    values: tuple[str, ...],
    at: int | None,
    seen: str,
    by_hand: bool,
    home: Path | None,
    as_json: bool,
) -> int:
    """Command one act: a value for each field of the bounds."""
    told = {}
    for each in values:
        field, _, number = each.partition("=")
        try:
            told[field] = int(number)
        except ValueError:
            raise Failure(f"{each!r} gives no whole number", "FIELD=VALUE, such as green=30") from None
    salt, when = secrets.token_bytes(32), utc_milliseconds() if at is None else at
    place = desk(home, program=not by_hand)
    receipt = place.command(name, [(when, told)], seen=record_leaf(salt, seen.encode()))
    return tell(f"commanded in block {receipt.height}", as_json=as_json, height=receipt.height, salt=salt)


@control.command("take-over")
@click.argument("name")
@click.option("--reasons", required=True, help="Why; the ledger gets the salted hash.")
@home_option
@json_option
def take_over(*, name: str, reasons: str, home: Path | None, as_json: bool) -> int:
    """Take a control over: programs command it no more."""
    salt = desk(home).take_over(name, reasons)
    return tell(f"taken over; keep the salt {salt.hex()}", as_json=as_json, salt=salt)


@control.command("hand-back")
@click.argument("name")
@home_option
@json_option
def hand_back(*, name: str, home: Path | None, as_json: bool) -> int:
    """Let programs command again."""
    desk(home).hand_back(name)
    return tell(f"{name} is handed back", as_json=as_json)


@click.group()
def notice() -> None:
    """Notices with answers due, such as recalls. NOTICE is an id."""


@notice.command()
@click.argument("kind")
@click.option("--subject", required=True, help="What it is about; the ledger gets its salted hash.")
@click.option("--text", required=True, help="What it says; the ledger gets its salted hash.")
@click.option("--to", multiple=True, required=True, help="Whom it asks; once for each member.")
@click.option("--days", type=click.IntRange(1, 366), default=1, show_default=True, help="Time to answer.")
@home_option
@json_option
def issue(
    *, kind: str, subject: str, text: str, to: tuple[str, ...], days: int, home: Path | None, as_json: bool
) -> int:
    """Ask members for an answer. KIND is a word, such as recall."""
    due = utc_milliseconds() + days * DAY
    made, salt = desk(home).notify(kind, subject.encode(), text.encode(), to=to, due=due)
    told = f"{made.hex()} is due {moment(due)}; hand the text and the salt {salt.hex()} to those it asks"
    return tell(told, as_json=as_json, notice=made, salt=salt, due=due)


@notice.command("answer")
@click.argument("notice_id", metavar="NOTICE")
@click.option("--number", type=click.IntRange(0), required=True, help="Such as the units that you hold.")
@click.option("--text", default="", help="The rest; the ledger gets its salted hash.")
@home_option
@json_option
def answer(*, notice_id: str, number: int, text: str, home: Path | None, as_json: bool) -> int:
    """Answer a notice, once and for all."""
    salt = desk(home).reply(_notice(notice_id), number, text.encode())
    return tell(f"answered; keep the salt {salt.hex()}", as_json=as_json, salt=salt)


@notice.command()
@click.argument("notice_id", metavar="NOTICE")
@home_option
@json_option
def close(*, notice_id: str, home: Path | None, as_json: bool) -> int:
    """Close an own notice that everybody answered, or whose time is over."""
    found = desk(home).close_notice(_notice(notice_id))
    absent = [each.member for each in found.answers if each.answer is None]
    text = f"closed; no answer from {', '.join(absent) or 'nobody'}" if absent else "closed; all answered"
    return tell(text, as_json=as_json, absent=absent)


@notice.command()
@click.argument("notice_id", metavar="NOTICE")
@home_option
@json_option
def show(*, notice_id: str, home: Path | None, as_json: bool) -> int:
    """Who answered what, and who is awaited."""
    found = desk(home).notice(_notice(notice_id))
    if as_json:
        facts({"notice": found})
        return DONE
    say(f"{found.notice.kind} of {found.notice.author}, due {moment(found.notice.due)}")
    rows = []
    for each in found.answers:
        given = each.answer
        when = "awaited" if given is None else f"{moment(given.time)}{', late' if given.late else ''}"
        rows.append([each.member, "" if given is None else str(given.number), when])
    table(rows, ["member", "number", "answer"])
    return DONE


@notice.command("list")
@home_option
@json_option
def list_notices(*, home: Path | None, as_json: bool) -> int:
    """All notices, oldest first."""
    found = desk(home).notices()
    if as_json:
        facts({"notices": found})
        return DONE
    rows = [
        [
            *(each.id.hex(), each.notice.kind, each.notice.author, moment(each.notice.due)),
            f"{each.notice.answers} of {len(each.notice.to)}",
            "open" if each.notice.closed is None else "closed",
        ]
        for each in found
    ]
    table(rows, ["notice", "kind", "author", "due", "answers", "state"])
    return DONE


@notice.command()
@click.option("--member", help="Whose; the own when left out.")
@home_option
@json_option
def awaited(*, member: str | None, home: Path | None, as_json: bool) -> int:
    """The answers that a member owes, and until when."""
    found = desk(home).awaited(member)
    if as_json:
        facts({"awaited": found})
        return DONE
    table(
        [[each.notice.hex(), each.kind, each.author, moment(each.due)] for each in found],
        ["notice", "kind", "author", "due"],
    )
    return DONE


@click.group()
def register() -> None:
    """Registers of what may be done once to a thing: made, sold, scrapped. REGISTER is an id."""


@register.command("open")
@click.argument("name")
@click.option("--member", "members", multiple=True, required=True, help="Who may claim; once for each.")
@click.option("--after", help="The register that must hold a thing before.")
@home_option
@json_option
def open_(*, name: str, members: tuple[str, ...], after: str | None, home: Path | None, as_json: bool) -> int:
    """Open a register."""
    before = None if after is None else _register(after)
    made = desk(home).open_register(name, members=members, after=before)
    return tell(f"{made.hex()} is open", as_json=as_json, register=made)


@register.command()
@click.argument("register_id", metavar="REGISTER")
@click.argument("serials", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--key", required=True, help="The key of the lot's parties, 64 hex digits.")
@home_option
@json_option
def claim(*, register_id: str, serials: Path, key: str, home: Path | None, as_json: bool) -> int:
    """Claim the things whose serials stand in the file SERIALS, one a line."""
    secret = digest_of(key, "key of a lot", "openssl rand -hex 32")
    lines = [line.strip() for line in serials.read_text(encoding="utf-8").splitlines() if line.strip()]
    if len(lines) != len(set(lines)):
        raise Failure(f"{serials} names a serial twice", "each serial once")
    count = desk(home).claim(_register(register_id), [tag_of(secret, line) for line in lines])
    return tell(f"claimed {count:,} things", as_json=as_json, claimed=count)


@register.command("show")
@click.argument("register_id", metavar="REGISTER")
@click.option("--serial", help="Whether this thing is claimed, by --key.")
@click.option("--key", help="The key of the lot's parties, 64 hex digits.")
@home_option
@json_option
def show_register(
    *, register_id: str, serial: str | None, key: str | None, home: Path | None, as_json: bool
) -> int:
    """A register, or who claimed one thing in it."""
    identity, place = _register(register_id), desk(home)
    if serial is None:
        found = place.register(identity)
        text = f"{found.name}: {found.claims:,} claims by {', '.join(found.members)}"
        return tell(text, as_json=as_json, register=found)
    if key is None:
        raise click.UsageError("--serial takes --key")
    tag = tag_of(digest_of(key, "key of a lot", "openssl rand -hex 32"), serial)
    claimed = place.claimed(identity, tag)
    text = "nobody claimed it" if claimed is None else f"{claimed.member} claimed it {moment(claimed.time)}"
    return tell(text, as_json=as_json, claimed=claimed)


def _bounds(found: Control) -> str:
    return ", ".join(f"{each.field} {each.least} to {each.most}" for each in found.bounds)


def _state(found: Control) -> str:
    if found.ended is not None:
        return "ended"
    held = "by its programs" if found.taken is None else f"taken over by {found.taken}"
    return f"{held}, {found.acts} acts"
