"""`consortia guard train`: models from the ledger's own past, an asset with what they learned from."""

from pathlib import Path

import click

from consortia.base.codec import encode_record
from consortia.cli.casework import standing
from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE, Failure, facts, note, say
from consortia.cli.session import Session, at_home
from consortia.kernel.block import Receipt
from consortia.modules.assets.messages import Register
from consortia.modules.assets.types import Parent
from consortia.modules.guard.messages import SetPolicy
from consortia.modules.guard.types import Policy
from consortia.sdk.guards import ClientGuardDoor
from consortia.workers.guarding import Drawer, GuardError, Shelf
from consortia.workers.learning import LABELS_MAX, Trained
from consortia.workers.learning import train as learn


@click.command()
@click.argument("name")
@click.option("--policy", "by", default="usual", show_default=True, help="Whose rules stand beside them.")
@click.option("--pin", is_flag=True, help="Have the policy pin them from now on.")
@click.option("--seed", default=0, show_default=True, help="Where chance begins.")
@home_option
@json_option
def train(*, name: str, by: str, pin: bool, seed: int, home: Path | None, as_json: bool) -> int:
    """Fit models on this ledger's past and on the labels of this guard's alerts, as the asset NAME.

    What they learned from is an asset too, NAME-lesson: which blocks, and which labels.
    """
    session = at_home(home)
    policy = next((one for one in standing(session, session.member).policies if one.name == by), None)
    if policy is None:
        raise Failure(f"there is no policy {by}", f"consortia guard policy {by}")
    note("Reading the ledger's past ...")
    made = _trained(session, policy, seed)
    digest, path = made.models.digest(), Shelf(session.home.private).keep(made.models)
    model = _registered(session, name, made)
    if pin:
        session.submit(SetPolicy(policy.name, made.models.schema, policy.rules, digest, policy.daily))
    if as_json:
        facts({"asset": model, "models": digest, "file": str(path), "trained_on": made.told(), "pinned": pin})
        return DONE
    say(f"models      {digest.hex()}")
    say(f"asset       {session.member}/{name}, {model.hex()}")
    say(f"trained on  {made.told()}")
    kinds = f"{len(made.models.kinds)} kinds of event, trees for {len(made.models.sure)}"
    say(f"what        {kinds}")
    if not pin:
        say(f"pin them    consortia guard policy {by} --models {path}")
    return DONE


def _trained(session: Session, policy: Policy, seed: int) -> Trained:
    drawer, key = Drawer(session.home.private), session.keyring.for_roles({"operator"})
    door = ClientGuardDoor(session.client, session.client, session.member, key)
    try:
        return learn(door, drawer, policy, door.newest(LABELS_MAX), seed)
    except GuardError as error:
        raise Failure(str(error), "consortia guard run, until more has happened") from None


def _registered(session: Session, name: str, made: Trained) -> bytes:
    """Register what was learned from, then the models made of it; the models' asset id."""
    events = sum(count for _, count in made.lesson.events)
    lesson = Register(
        name=f"{name}-lesson",
        kind="dataset",
        title=f"Lesson of a guard: {made.told()}"[:80],
        form="blob",
        commitment=session.client.put_blob(encode_record(made.lesson)),
        count=events,
        subjects=None,
        schema=None,
        parents=(),
        rights=None,
    )
    models = Register(
        name=name,
        kind="model",
        title=f"Models of a guard, {made.models.schema}",
        form="blob",
        commitment=session.client.put_blob(encode_record(made.models)),
        count=1,
        subjects=None,
        schema=None,
        parents=(Parent(_asset(session.submit(lesson)), 1),),
        rights=None,
    )
    return _asset(session.submit(models))


def _asset(receipt: Receipt) -> bytes:
    found = receipt.events[0].body["asset"]
    if not isinstance(found, bytes):
        raise TypeError("an id is bytes")
    return found
