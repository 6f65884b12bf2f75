"""`consortia guard run`: the program that follows the ledger and raises a member's alerts."""

import time
from pathlib import Path

import click

from consortia.base.codec import encode_record
from consortia.base.ids import is_name
from consortia.cli.agents import agent_key
from consortia.cli.casework import standing
from consortia.cli.mandates import find_mandate
from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE, REFUSED, UNCHECKED, Failure, facts, note, say
from consortia.cli.session import Session, at_home
from consortia.cli.trading import places_of
from consortia.engines.commit.chunks import blob_id
from consortia.kernel.block import OK
from consortia.modules.identity.mandate_queries import MandateView
from consortia.node.keys import find_keys, open_key
from consortia.sdk.agents import ClientDoor
from consortia.sdk.guards import ClientGuardDoor
from consortia.workers.accounts import Accounts
from consortia.workers.agent import MandateOver
from consortia.workers.delegate import find_program
from consortia.workers.door import DoorClosed
from consortia.workers.files import alone
from consortia.workers.guard import Guard, Raised
from consortia.workers.guarding import GuardError, Models, Shelf, read_models
from consortia.workers.loop import BACK_OFF_SECONDS

PROGRAM = "consortia.workers.judging:Judge"
"""What an agent that is a guard without models runs: its mandate pins this program."""

PURPOSE = "guard"


@click.command()
@click.option("--policy", "name", default="usual", show_default=True, help="The policy that it goes by.")
@click.option("--models", type=click.Path(path_type=Path), help="The models that the policy pins.")
@click.option("--agent", metavar="NAME", help="Sign as this agent, under its mandate; else as the worker.")
@click.option("--once", is_flag=True, help="Catch up with the ledger, raise what is due, and end.")
@click.option("--every", default=1.0, show_default=True, help="Seconds between two looks at most.")
@home_option
@json_option
def run(
    *,
    name: str,
    models: Path | None,
    agent: str | None,
    once: bool,
    every: float,
    home: Path | None,
    as_json: bool,
) -> int:
    """Follow the ledger from where it left off, and raise at most the alerts that the policy allows.

    What opens an alert stays in this home. Killed and started again it loses no alert and raises none twice.
    """
    if not is_name(name):
        raise click.BadParameter("a name is 1 to 32 of a-z, 0-9 and -", param_hint="--policy")
    session = at_home(home)
    door = _door(session, agent, pinned := _models(session, name, models))
    try:
        with alone(session.home.private / "guard" / f"lock-{name}"):
            guard = Guard(door, session.home.private, name, pinned)
            return _follow(guard, door, once=once, every=every, as_json=as_json)
    except BlockingIOError:
        raise Failure(
            f"a guard runs already on {session.home.path}", "let it run, or stop it first"
        ) from None
    except GuardError as error:
        raise Failure(str(error), "consortia guard status") from None
    except MandateOver as over:
        raise Failure(f"the guard acts no more: {over}", "consortia mandate list", REFUSED) from None


def _follow(guard: Guard, door: ClientGuardDoor, *, once: bool, every: float, as_json: bool) -> int:
    failures = 0
    while True:
        try:
            more, done = guard.work()
            for one in done:
                _tell(one, as_json=as_json)
            if once and not more:
                _end(guard, as_json=as_json)
                return DONE
            if not more:
                door.wait(every)
            failures = 0
        except DoorClosed as error:
            if once:
                raise Failure(f"the node does not answer: {error}", "consortia up", UNCHECKED) from None
            time.sleep(BACK_OFF_SECONDS[min(failures, len(BACK_OFF_SECONDS) - 1)])
            failures += 1


def _models(session: Session, name: str, path: Path | None) -> Models | None:
    """The models of a policy: from a file, or from this home's shelf; None where it pins none."""
    if path is not None:
        try:
            return read_models(path)
        except GuardError as error:
            raise Failure(str(error), "name the file that the policy pins") from None
    for policy in standing(session, session.member).policies:
        if policy.name == name and policy.model is not None:
            return Shelf(session.home.private).read(policy.model)
    return None


def _door(session: Session, agent: str | None, models: Models | None) -> ClientGuardDoor:
    if agent is None:
        have = find_keys(session.home.keys, "worker")
        key = open_key(have[0], session.keyring.passphrase) if have else session.keyring.open("operator")
        return ClientGuardDoor(session.client, session.signing(key), session.member, key)
    view = find_mandate(session, agent)
    content = find_program(PROGRAM)[1] if models is None else blob_id(encode_record(models))
    if view.mandate.pin.content != content:
        runs = "the guard's program" if models is None else "these models"
        raise Failure(
            f"the mandate of {agent} is not for {runs}", f"consortia mandate grant --program {PROGRAM}"
        )
    if view.mandate.delay:
        raise Failure("a guard cannot wait: its mandate has a delay", "consortia mandate grant")
    key = agent_key(session, view)
    signing = session.signing(key)
    accounts = _accounts(session, view, ClientDoor(signing, session.client))
    return ClientGuardDoor(session.client, signing, session.member, key, accounts)


def _accounts(session: Session, view: MandateView, door: ClientDoor) -> Accounts:
    vault, diary = places_of(session, view.mandate.id)
    policies = b"".join(encode_record(one) for one in standing(session, session.member).policies)
    return Accounts(door, vault, diary, view.mandate.pin.content, (PURPOSE, policies))


def _tell(one: Raised, *, as_json: bool) -> None:
    if as_json:
        facts({"alert": one.alert, "reason": one.reason, "kind": one.kind, "code": one.code})
        return
    (say if one.code == OK else note)(f"{one.alert.hex()[:16]}: {one.reason}, {one.code}")


def _end(guard: Guard, *, as_json: bool) -> None:
    if as_json:
        facts({"height": guard.height})
    else:
        say(f"followed up to block {guard.height}")
