"""`consortia agent`: run an agent under its mandate, and show what it did."""

import time
from pathlib import Path
from typing import Any

import click

from consortia.app import application
from consortia.base.ids import digest_from_hex
from consortia.base.keys import SigningKey
from consortia.cli.lookup import find_asset
from consortia.cli.mandates import find_mandate, standing
from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE, REFUSED, Failure, facts, note, say, table
from consortia.cli.session import Session, at_home, tell_done
from consortia.cli.trading import Desk, places_of, trade
from consortia.kernel.block import OK
from consortia.modules.identity.mandate_queries import ByOwner, MandatesView, MandateView
from consortia.modules.identity.mandate_types import AGENT
from consortia.modules.predictions.messages import Perform
from consortia.node.keys import find_keys, key_info, open_key
from consortia.sdk.agents import Agents, ClientDoor
from consortia.sdk.moments import moment
from consortia.workers.agent import Agent, Done, MandateOver
from consortia.workers.delegate import Mind, ModelMind, load_program, read_rule
from consortia.workers.trading import is_trade_rule, load_model, load_strategy, read_trade_rule


@click.group()
def agent() -> None:
    """Agents: run one under its mandate; show what it did and how good it was."""


@agent.command()
@click.argument("model", metavar="MODEL")
@click.option(
    "--rule",
    "rules",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A JSON file that says what it looks at, and what its answers do.",
)
@click.option("--once", is_flag=True, help="Look once, and end.")
@click.option("--every", default=1.0, show_default=True, help="Seconds between two looks.")
@home_option
@json_option
def run(
    *, model: str, rules: tuple[Path, ...], once: bool, every: float, home: Path | None, as_json: bool
) -> int:
    """Run MODEL under this member's mandate for it, until it is over.

    MODEL is a model's NAME, MEMBER/NAME or id, or a program as module:name. With several rules it looks by
    each of them in turn.
    """
    session, texts = at_home(home), [rule.read_bytes() for rule in rules]
    if any(map(is_trade_rule, texts)):
        if len(texts) > 1:
            raise click.UsageError("an agent that trades runs by one rule")
        return trade(_trading(session, model, texts[0]), once=once, every=every, as_json=as_json)
    mind = _mind(session, model)
    view = _mandated(session, mind.content, model)
    working = [_agent(session, mind, view, text) for text in texts]
    while True:
        try:
            done = [one for each in working for one in each.work()]
        except MandateOver as over:
            raise Failure(
                f"{view.mandate.agent} acts no more: {over}", "consortia mandate list", REFUSED
            ) from None
        for one in done:
            _tell(one, as_json=as_json)
        if once:
            return DONE
        time.sleep(every)


@agent.command()
@click.argument("act", metavar="ACT")
@home_option
@json_option
def perform(*, act: str, home: Path | None, as_json: bool) -> int:
    """Have ACT, by its id, carried out after its mandate's delay; void where the mandate is over by then."""
    session = at_home(home)
    identity = digest_from_hex(act)
    if identity is None:
        raise click.BadParameter("an act's id is 64 hex digits", param_hint="ACT")
    receipt = session.submit(Perform(identity))
    code = str(receipt.events[-1].body["code"])
    tell_done(receipt, f"The act met: {code}", as_json=as_json, code=code)
    return DONE if code == OK else REFUSED


@agent.command()
@click.argument("which", metavar="AGENT")
@home_option
@json_option
def show(*, which: str, home: Path | None, as_json: bool) -> int:
    """Show what AGENT did of late, and its track record beside always saying yes."""
    session = at_home(home)
    view = find_mandate(session, which)
    page = Agents(session.client, session.member).deeds(view.mandate)
    track = page.track
    if as_json:
        acts = [{"act": one.id, "time": one.time, "stated": one.account.stated} for one in page.deeds]
        known = {name: getattr(track, name) for name in track.__struct_fields__}
        kind = {"standing": standing(view), "advises_only": page.advises_only}
        facts(
            {"agent": view.mandate.agent, "owner": view.mandate.owner} | kind | {"track": known, "acts": acts}
        )
        return DONE
    say(f"agent     {view.mandate.owner}/{view.mandate.agent}, {standing(view)}")
    say(f"acts      {track.acts}, overridden {track.overrides}, stopped {track.vetoes}")
    if track.resolved:
        own, yes = (f"{total / track.resolved / 1_000_000:.3f}" for total in (track.brier, track.baseline))
        say(f"Brier     {own} over {track.resolved} decisions, always-yes {yes}")
    advises = "advises: its record is below always-yes"
    say(f"role      {advises if page.advises_only else 'as its mandate says'}")
    if page.deeds:
        rows = [
            [one.id.hex()[:16], moment(one.time), f"{one.account.stated / 10_000:.1f} %"]
            for one in page.deeds
        ]
        table(rows, ["act", "time", "stated"])
    return DONE


def _mind(session: Session, model: str) -> Mind:
    if ":" in model:
        return load_program(model)
    _, version = find_asset(session, model)
    return ModelMind(version.commitment, session.client.blob(version.commitment))


def _mandated(session: Session, content: bytes, model: str) -> MandateView:
    found = session.ask("identity.mandates", ByOwner(session.member), MandatesView).mandates
    for view in found:
        if view.live and view.mandate.pin.content == content:
            return view
    raise Failure(
        f"{session.member} has no mandate in force for {model} as it is now: a new model is a new mandate",
        "consortia mandate grant",
    )


def _trading(session: Session, model: str, rule: bytes) -> Desk:
    """What an agent that trades needs."""
    if ":" in model:
        loaded = load_strategy(model)
    else:
        _, version = find_asset(session, model)
        stocks = len(read_trade_rule(rule).trade.stocks)
        loaded = load_model(version.commitment, session.client.blob(version.commitment), stocks)
    view = _mandated(session, loaded.content, model)
    return Desk(session, view, agent_key(session, view), loaded, rule)


def agent_key(session: Session, view: MandateView) -> SigningKey:
    """The agent's key, from the home."""
    wanted = view.mandate.key.hex()
    paths = [path for path in find_keys(session.home.keys, AGENT) if key_info(path).key == wanted]
    if not paths:
        raise Failure(
            f"the key of {view.mandate.agent} is not in {session.home.keys}",
            "run it from the home in which `consortia mandate grant` made its key",
        )
    return open_key(paths[0], session.keyring.passphrase)


def _agent(session: Session, mind: Mind, view: MandateView, text: bytes) -> Agent:
    door = ClientDoor(session.signing(agent_key(session, view)), session.client)
    vault, diary = places_of(session, view.mandate.id)
    rule = read_rule(text, application()), text
    return Agent(door, mind, rule, vault, diary, waits=view.mandate.delay > 0)


def _tell(one: Done, *, as_json: bool) -> None:
    if one.answer is None:
        if as_json:
            facts({"subject": one.subject, "code": one.code, "reason": one.reason})
        else:
            note(f"{one.subject.hex()[:16]}: {one.code}, {one.reason}")
        return
    if as_json:
        known: dict[str, Any] = {"label": one.answer.label, "stated": one.answer.stated, "code": one.code}
        facts({"subject": one.subject, "reason": one.reason} | known)
        return
    text = f"{one.subject.hex()[:16]}: {one.answer.label} at {one.answer.stated / 10_000:.1f} %"
    text += f", advice ({one.reason})" if one.reason else ""
    (say if one.code in {"ok", "silent"} else note)(f"{text}, {one.code}")
