"""`consortia account`: what this member has, what waits for it, and how it pays."""

from collections.abc import Mapping
from pathlib import Path

import click

from consortia.cli import banking
from consortia.cli.banking import bank_of, identity
from consortia.cli.casework import filed
from consortia.cli.options import home_option, json_option, key_option
from consortia.cli.output import DONE, USAGE, Failure, facts, say, table
from consortia.cli.payouts import COMMANDS
from consortia.cli.session import Door, Session, at_home, person_key, tell_done
from consortia.cli.spans import ahead, span
from consortia.modules.bank.queries import Held
from consortia.modules.bank.types import Condition, Escrow, Unit
from consortia.modules.identity.queries import MembersView, Nothing
from consortia.sdk.amounts import written
from consortia.sdk.bank import Bank
from consortia.sdk.moments import moment
from consortia.sdk.persons import Persons

payer_option = click.option("--from", "payer", help="Out of this account; else the member's own.")


@click.group()
def account() -> None:
    """Accounts: MEMBER, or MEMBER/LABEL. UNIT is CODE (own), ISSUER/CODE, or an id; AMOUNT as 12 or 12.50."""


for command in COMMANDS:
    account.add_command(command)


@account.command("list")
@home_option
@json_option
def list_accounts(*, home: Path | None, as_json: bool) -> int:
    """List what all members' accounts hold, the common treasury's too."""
    session = at_home(home)
    bank = bank_of(session)
    units = {one.id: one for one in bank.units()}
    owners = [*_members(session), "governance:"]
    held: list[Held] = [one for owner in owners for one in bank.held(owner)]
    if as_json:
        facts({"held": held})
        return DONE
    _table(held, units)
    return DONE


@account.command()
@click.argument("owner", required=False, metavar="[MEMBER]")
@home_option
@json_option
def show(*, owner: str | None, home: Path | None, as_json: bool) -> int:
    """Show what a member's accounts hold, its hold rules, and the open escrows it has a part in."""
    session = at_home(home)
    bank = bank_of(session)
    whose = owner or session.member
    held, escrows, holds = bank.held(whose), bank.open_escrows(whose), bank.holds(whose)
    if as_json:
        known = {"held": held, "escrows": escrows, "holds": holds}
        facts({"member": whose} | known)
        return DONE
    units = {one.id: one for one in bank.units()}
    _table(held, units)
    for rule in holds:
        of = units[rule.unit]
        say(f"above {written(rule.hold.above, of.decimals)} {_name(of)} two officers release a payment")
    if escrows:
        say()
        lines = [_line(one, units[one.unit]) for one in escrows]
        table(lines, ["escrow", "from", "to", "amount", "until", "waits for"])
    return DONE


@account.command()
@click.argument("payee")
@click.argument("amount")
@click.argument("unit")
@payer_option
@key_option()
@home_option
@json_option
def pay(
    *,
    payee: str,
    amount: str,
    unit: str,
    payer: str | None,
    key: Path | None,
    home: Path | None,
    as_json: bool,
) -> int:
    """Pay AMOUNT of UNIT to the account PAYEE; a person pays with its --key from its own account."""
    session = at_home(home)
    bank = bank_of(session)
    if key is not None:
        signs = person_key(key)
        view = Persons(Door(session), session.member).of_key(signs.key_id)
        bank, payer = Bank(Door(session, signs), view.member), f"{view.member}/{view.label}"
    receipt = bank.pay(payee, amount, unit, payer=payer)
    waiting = next((e.body["escrow"] for e in receipt.events if e.name == "bank.escrow_opened"), None)
    if waiting is None:
        tell_done(receipt, f"{amount} {unit} paid to {payee}", as_json=as_json, escrow=None)
    else:
        text = f"{amount} {unit} to {payee} wait for two officers: consortia account approve {_hex(waiting)}"
        tell_done(receipt, text, as_json=as_json, escrow=waiting)
    return DONE


@account.command()
@click.argument("payee")
@click.argument("amount")
@click.argument("unit")
@click.option("--for", "span_", metavar="SPAN", required=True, help="Until then: 90s, 15m, 12h or 7d.")
@click.option("--study", help="Released when this study has finished.")
@click.option("--proposal", help="Released when this proposal is carried out; back if it comes to nothing.")
@click.option("--attester", metavar="MEMBER", help="Who attests to --document, or makes the --call.")
@click.option(
    "--document", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="A file, by its hash."
)
@click.option("--call", "method", metavar="METHOD", help="A method such as assets.grant.")
@click.option("--arguments", metavar="JSON", help="The arguments of --call, bytes in hex.")
@payer_option
@home_option
@json_option
def escrow(
    *,
    payee: str,
    amount: str,
    unit: str,
    span_: str,
    study: str | None,
    proposal: str | None,
    attester: str | None,
    document: Path | None,
    method: str | None,
    arguments: str | None,
    payer: str | None,
    home: Path | None,
    as_json: bool,
) -> int:
    """Put AMOUNT of UNIT aside for PAYEE until something is so; after the span it can only go back."""
    session = at_home(home)
    end = (study, proposal)
    condition = _condition(session, end, attester, document=document, method=method, arguments=arguments)
    bank = bank_of(session)
    opened = bank.escrow(payee, amount, unit, condition=condition, deadline=ahead(span_), payer=payer)
    return _tell(bank, opened, as_json=as_json)


@account.command()
@click.argument("amount")
@click.argument("unit")
@click.option("--price", metavar="AMOUNT", required=True, help="What the taker pays.")
@click.option("--price-unit", metavar="UNIT", required=True, help="In which unit it pays.")
@click.option("--for", "span_", metavar="SPAN", required=True, help="Until then: 90s, 15m, 12h or 7d.")
@click.option("--to", "payee", help="Only this account may take it.")
@payer_option
@home_option
@json_option
def offer(
    *,
    amount: str,
    unit: str,
    price: str,
    price_unit: str,
    span_: str,
    payee: str | None,
    payer: str | None,
    home: Path | None,
    as_json: bool,
) -> int:
    """Offer AMOUNT of UNIT for a price in another unit. The offer binds until its time is over."""
    bank = bank_of(at_home(home))
    deadline = ahead(span_)
    opened = bank.offer(
        amount, unit, price=price, price_unit=price_unit, deadline=deadline, payee=payee, payer=payer
    )
    return _tell(bank, opened, as_json=as_json)


@account.command()
@click.argument("which", metavar="ESCROW")
@click.option("--into", "taker", help="For this account; else the member's own.")
@home_option
@json_option
def take(*, which: str, taker: str | None, home: Path | None, as_json: bool) -> int:
    """Take an offer: pay its price and receive what it holds, both or neither."""
    receipt = bank_of(at_home(home)).take(identity(which), taker)
    tell_done(receipt, "taken: both legs are done", as_json=as_json)
    return DONE


@account.command()
@click.argument("which", metavar="ESCROW")
@click.option(
    "--document",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="The file that this member attests to.",
)
@click.option("--call", "method", metavar="METHOD", help="Make this call first, in the same transaction.")
@click.option("--arguments", metavar="JSON", help="The arguments of --call, bytes in hex.")
@home_option
@json_option
def release(
    *,
    which: str,
    document: Path | None,
    method: str | None,
    arguments: str | None,
    home: Path | None,
    as_json: bool,
) -> int:
    """Let an escrow go to its payee, since what it waits for is so."""
    session = at_home(home)
    behind = () if method is None else (banking.call(method, arguments or "{}"),)
    said = None if document is None else banking.document(document)
    receipt = bank_of(session).release(identity(which), said, behind)
    tell_done(receipt, "released", as_json=as_json)
    return DONE


@account.command()
@click.argument("which", metavar="ESCROW")
@home_option
@json_option
def refund(*, which: str, home: Path | None, as_json: bool) -> int:
    """Give an escrow back to its payer, once its time is over."""
    tell_done(bank_of(at_home(home)).refund(identity(which)), "refunded", as_json=as_json)
    return DONE


@account.command()
@click.argument("which", metavar="ESCROW")
@click.option(
    "--as", "role", type=click.Choice(["admin", "approver", "operator", "trustee"]), help="By this key."
)
@click.option("--alert", metavar="ALERT", help="Say too that this alert, for which it was held, was honest.")
@home_option
@json_option
def approve(*, which: str, role: str | None, alert: str | None, home: Path | None, as_json: bool) -> int:
    """Say, as one of two officers, that what the member's hold rule holds may go.

    With --alert one transaction says both, so that a case shows whose payment it was.
    """
    session = at_home(home)
    about = None if alert is None else filed(session, alert).alert.id
    receipt = banking.bank_of(session, role).approve(identity(which), about)
    gone = any(event.name == "bank.released" for event in receipt.events)
    tell_done(receipt, "approved and released" if gone else "approved", as_json=as_json, released=gone)
    return DONE


@account.command()
@click.argument("unit")
@click.argument("above", required=False, metavar="[AMOUNT]")
@click.option("--for", "span_", metavar="SPAN", default="1d", show_default=True, help="Held so long.")
@click.option("--none", "ends", is_flag=True, help="End the rule; a second officer has to say the same.")
@click.option(
    "--as", "role", type=click.Choice(["admin", "approver", "operator", "trustee"]), help="By this key."
)
@home_option
@json_option
def hold(
    *,
    unit: str,
    above: str | None,
    span_: str,
    ends: bool,
    role: str | None,
    home: Path | None,
    as_json: bool,
) -> int:
    """Hold payments above AMOUNT of UNIT until two officers release them."""
    if (above is None) != ends:
        raise Failure("say either AMOUNT or --none", "consortia account hold UNIT AMOUNT", code=USAGE)
    receipt = bank_of(at_home(home), role).hold(unit, above, span(span_))
    asks = any(event.name == "bank.hold_asked" for event in receipt.events)
    text = "a second officer has to say the same" if asks else "the hold rule is set"
    tell_done(receipt, text, as_json=as_json, waits=asks)
    return DONE


def _condition(
    session: Session,
    end: tuple[str | None, str | None],
    attester: str | None,
    *,
    document: Path | None,
    method: str | None,
    arguments: str | None,
) -> Condition:
    """The one condition that the options name; raises Failure where they name none or several.

    `end` is what has to end well: a study or a proposal.
    """
    study, proposal = end
    if attester is None and document is None and method is None:
        if study is not None and proposal is None:
            return banking.on_study(session, study)
        if proposal is not None and study is None:
            return banking.on_proposal(session, proposal)
    if attester is not None and end == (None, None):
        if document is not None and method is None:
            return banking.on_statement(attester, document)
        if method is not None and document is None:
            return banking.on_call(attester, method, arguments or "{}")
    text = "say what it waits for: --study, --proposal, or --attester with --document or --call"
    raise Failure(text, "consortia account escrow --help", code=USAGE)


def _tell(bank: Bank, opened: bytes, *, as_json: bool) -> int:
    """Tell of a new escrow or offer."""
    made = bank.get_escrow(opened)
    if as_json:
        facts(made)
        return DONE
    of = bank.unit(made.unit)
    say(f"{written(made.amount, of.decimals)} {_name(of)} lie in escrow until {moment(made.deadline)}")
    say(f"waits for  {banking.waits_for(made)}")
    say(f"id         {opened.hex()}")
    return DONE


def _members(session: Session) -> list[str]:
    return [one.name for one in session.ask("identity.members", Nothing(), MembersView).members]


def _table(held: list[Held], units: Mapping[bytes, Unit]) -> None:
    """What accounts hold, by account and then by the unit's name."""
    known = sorted((one.account, _name(units[one.unit]), one) for one in held)
    rows = [[account, written(one.amount, units[one.unit].decimals), name] for account, name, one in known]
    table(rows, ["account", "amount", "unit"])


def _name(unit: Unit) -> str:
    return f"{unit.issuer}/{unit.code}"


def _line(escrow: Escrow, of: Unit) -> list[str]:
    amount = f"{written(escrow.amount, of.decimals)} {_name(of)}"
    to, waits = escrow.payee or "anybody", banking.waits_for(escrow)
    return [escrow.id.hex(), escrow.payer, to, amount, moment(escrow.deadline), waits]


def _hex(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
