"""`consortia mandate`: what agents may do in this member's name, and how they are stopped."""

import os
from pathlib import Path
from typing import Any

import click

from consortia.base.ids import digest_from_hex, is_name
from consortia.base.keys import SigningKey
from consortia.base.times import DAY, HOUR
from consortia.cli.banking import bank_of
from consortia.cli.fresh import kept_unless_refused
from consortia.cli.lookup import find_asset
from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE, Failure, facts, say, table
from consortia.cli.session import Session, at_home, tell_done
from consortia.cli.sharing import draft_option, drafted
from consortia.modules.governance.messages import EndAgent
from consortia.modules.identity.mandate_messages import EndMandate
from consortia.modules.identity.mandate_queries import ByMandate, ByOwner, MandatesView, MandateView
from consortia.modules.identity.mandate_types import AGENT, Cap, Pin
from consortia.node.keys import list_keys, save_key
from consortia.sdk.agents import mandate_of
from consortia.sdk.amounts import parts
from consortia.sdk.moments import moment

DAYS_MAX = 90


@click.group()
def mandate() -> None:
    """Mandates: grant, show, list, end what an agent may do."""


@mandate.command()
@click.argument("name")
@click.option("--model", metavar="ASSET", help="The model that the agent runs: NAME, MEMBER/NAME or an id.")
@click.option("--program", metavar="MODULE:NAME", help="Or the program that it runs.")
@click.option("--method", "methods", multiple=True, required=True, help="What it may sign, as module.method.")
@click.option("--class", "classes", multiple=True, help="A class of decisions that it may take part in.")
@click.option("--cap", "caps", multiple=True, metavar="UNIT=ACT/WINDOW", help="At most so much of a unit.")
@click.option("--window", default=24, show_default=True, help="Hours over which spending is summed.")
@click.option("--delay", default=0, show_default=True, help="Seconds that each act waits before it counts.")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, DAYS_MAX), help="How long.")
@draft_option
@home_option
@json_option
def grant(
    *,
    name: str,
    model: str | None,
    program: str | None,
    methods: tuple[str, ...],
    classes: tuple[str, ...],
    caps: tuple[str, ...],
    window: int,
    delay: int,
    days: int,
    draft: Path | None,
    home: Path | None,
    as_json: bool,
) -> int:
    """Let an agent called NAME act for this member, with a key of its own that is made here.

    A mandate is never changed: for another model, cap or date end it and grant another.
    """
    if not is_name(name):
        raise click.BadParameter("a name is 1 to 32 of a-z, 0-9 and -", param_hint="NAME")
    if (model is None) == (program is None):
        raise click.UsageError("an agent runs a --model or a --program, one of them")
    session = at_home(home)
    pin = _pin(session, model, program)
    key = SigningKey(os.urandom(32))
    path = _keep(session, key, name)
    wanted = mandate_of(
        session.client.network,
        session.member,
        name,
        key,
        pin,
        methods=methods,
        classes=classes,
        caps=[_cap(session, text) for text in caps],
        window=window * HOUR,
        delay=delay * 1000,
        expires=session.client.status().time + days * DAY - HOUR * (days == DAYS_MAX),
    )
    if draft is not None:
        return drafted(session, draft, wanted, as_json=as_json)
    with kept_unless_refused(path):
        receipt = session.submit(wanted)
    id_ = receipt.events[0].body["mandate"]
    tell_done(
        receipt, f"{session.member}/{name} may act for {days} days: {path}", as_json=as_json, mandate=id_
    )
    return DONE


@mandate.command("list")
@click.option("--member", metavar="NAME", help="Whose agents; else this member's.")
@home_option
@json_option
def list_(*, member: str | None, home: Path | None, as_json: bool) -> int:
    """List the newest mandate of each agent."""
    session = at_home(home)
    found = session.ask("identity.mandates", ByOwner(member or session.member), MandatesView).mandates
    if as_json:
        facts({"mandates": [told(view) for view in found]})
        return DONE
    rows = [
        [
            one.mandate.agent,
            one.mandate.id.hex()[:16],
            standing(one),
            moment(one.mandate.expires),
            _short(one),
        ]
        for one in found
    ]
    table(rows, ["agent", "mandate", "standing", "until", "methods"])
    return DONE


@mandate.command()
@click.argument("which", metavar="AGENT")
@home_option
@json_option
def show(*, which: str, home: Path | None, as_json: bool) -> int:
    """Show what AGENT (a name, MEMBER/NAME, or a mandate's id) may do, and what of it is used up."""
    session = at_home(home)
    view = find_mandate(session, which)
    if as_json:
        facts(told(view))
        return DONE
    one = view.mandate
    runs = "program" if one.pin.asset is None else f"model {one.pin.asset.hex()}, content"
    say(f"agent     {one.owner}/{one.agent}, {standing(view)}")
    say(f"mandate   {one.id.hex()}")
    say(f"runs      {runs} {one.pin.content.hex()}")
    say(f"methods   {', '.join(one.methods)}")
    say(f"classes   {', '.join(one.classes) or 'none'}")
    for cap in view.spending:
        spent = f"{cap.spent} of {cap.per_window} in {one.window // 1000} s, {cap.per_act} an act"
        say(f"unit      {cap.unit.hex()[:16]}: {spent}")
    say(f"delay     {one.delay // 1000} s")
    say(f"until     {moment(one.expires)}")
    return DONE


@mandate.command()
@click.argument("which", metavar="AGENT")
@click.option("--council", is_flag=True, help="As a seat of the council, of any member's agent MEMBER/NAME.")
@home_option
@json_option
def end(*, which: str, council: bool, home: Path | None, as_json: bool) -> int:
    """End the mandate of AGENT at once: from the next block on it acts no more.

    Any key of its owner's officers ends it. So do two thirds of the council's seats, whoever owns it: each
    says so with --council.
    """
    session = at_home(home)
    one = find_mandate(session, which).mandate
    if council:
        receipt = session.submit(EndAgent(one.id), key=session.keyring.for_roles({"approver"}))
        asked = receipt.events[0].body
        there, needed = int(str(asked["approvals"])), int(str(asked["needed"]))
        text = "and acts no more" if there >= needed else "and acts on until then"
        text = f"{there} of the {needed} seats that it takes want {one.owner}/{one.agent} ended, {text}."
        counted = {"mandate": one.id, "approvals": there, "needed": needed}
        tell_done(receipt, text, as_json=as_json, **counted)
        return DONE
    receipt = session.submit(EndMandate(one.id), key=session.keyring.for_roles({"operator"}))
    tell_done(receipt, f"{one.owner}/{one.agent} acts no more.", as_json=as_json, mandate=one.id)
    return DONE


def find_mandate(session: Session, which: str) -> MandateView:
    """The mandate that a name (own), MEMBER/NAME or an id stands for; raises Failure."""
    identity = digest_from_hex(which)
    if identity is not None:
        return session.ask("identity.mandate", ByMandate(identity), MandateView)
    owner, slash, name = which.partition("/")
    asked = ByOwner(owner if slash else session.member)
    found = session.ask("identity.mandates", asked, MandatesView).mandates
    for view in found:
        if view.mandate.agent == (name if slash else which):
            return view
    raise Failure(f"there is no agent {which!r}", "consortia mandate list")


def standing(view: MandateView) -> str:
    """Whether an agent acts now, in a word."""
    return "acts" if view.live else "ended" if view.mandate.ended is not None else "over"


def told(view: MandateView) -> dict[str, Any]:
    """A mandate as facts."""
    one = view.mandate
    return {
        "mandate": one.id,
        "owner": one.owner,
        "agent": one.agent,
        "standing": standing(view),
        "model": one.pin.asset,
        "content": one.pin.content,
        "methods": one.methods,
        "classes": one.classes,
        "caps": [
            {"unit": cap.unit, "spent": cap.spent, "per_act": cap.per_act, "per_window": cap.per_window}
            for cap in view.spending
        ],
        "window": one.window,
        "delay": one.delay,
        "granted": one.granted,
        "expires": one.expires,
        "ended": one.ended,
    }


def _pin(session: Session, model: str | None, program: str | None) -> Pin:
    if program is not None:
        from consortia.workers.delegate import find_program

        return Pin(None, find_program(program)[1])
    asset, version = find_asset(session, model or "")
    if asset.kind != "model":
        raise Failure(f"{model} is a {asset.kind}, not a model", "consortia asset list")
    return Pin(asset.id, version.commitment)


def _cap(session: Session, text: str) -> Cap:
    name, _, amounts = text.partition("=")
    per_act, _, per_window = amounts.partition("/")
    unit = bank_of(session).unit(name)
    try:
        return Cap(unit.id, parts(per_act, unit.decimals), parts(per_window or per_act, unit.decimals))
    except ValueError as error:
        raise click.BadParameter(f"a cap is UNIT=ACT/WINDOW: {error}") from None


def _keep(session: Session, key: SigningKey, name: str) -> Path:
    keyring, folder = session.keyring, session.home.keys
    phrase = None if keyring.plain else keyring.passphrase()
    have = sum(1 for info in list_keys(folder) if info.role == AGENT)
    label = f"agent{have + 1:02}-{name}"[:32].rstrip("-")
    return save_key(folder, key, phrase, label=label, role=AGENT, member=session.member)


def _short(view: MandateView) -> str:
    methods = view.mandate.methods
    return methods[0] if len(methods) == 1 else f"{methods[0]} and {len(methods) - 1} more"
