"""`consortia person`: whose keys this member enrolled, and how a person comes, changes its key and goes."""

import json
import os
from pathlib import Path

import click

from consortia.base.codec import Malformed
from consortia.base.ids import is_name
from consortia.base.keys import SigningKey
from consortia.cli.fresh import kept_unless_refused
from consortia.cli.options import home_option, json_option, key_option, plain_keys_option
from consortia.cli.output import DONE, Failure, facts, table, tell
from consortia.cli.session import Door, Session, at_home, person_key, tell_done
from consortia.cli.verify import network_name
from consortia.modules.identity.person_messages import Release
from consortia.modules.identity.person_types import PERSON
from consortia.node.home import Home, write_private
from consortia.node.keys import SUFFIX, passphrase_from, save_key
from consortia.sdk.jsonform import dump, from_json, to_json
from consortia.sdk.moments import moment
from consortia.sdk.persons import Offer, Persons, any_label, offer_of, rekey_of


@click.group()
def person() -> None:
    """Persons: patients, homes, customers with keys of their own; new, enrol, list, rekey, release."""


@person.command("new")
@click.argument("file", metavar="KEY", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--offer", required=True, type=click.Path(path_type=Path), help="A new file for the member.")
@click.option("--network", metavar="HASH", help="The network's genesis hash; else that of the home.")
@click.option("--member", metavar="NAME", help="Whose person it becomes; else the home's member's.")
@click.option("--label", help="What the ledger calls it; else 16 hex digits at random.")
@plain_keys_option
@home_option
@json_option
def new_(
    *,
    file: Path,
    offer: Path,
    network: str | None,
    member: str | None,
    label: str | None,
    plain_keys: bool,
    home: Path | None,
    as_json: bool,
) -> int:
    """Make a person's key, and the offer by which a member enrols it. No node is asked.

    KEY is a new file that ends in .key.json and stays with the person; with --network and --member it needs
    no home, so it is made where the person is.
    """
    if not file.name.endswith(SUFFIX):
        raise click.BadParameter(f"a key's file ends in {SUFFIX}", param_hint="KEY")
    if offer.exists():
        raise Failure(f"{offer} is there already", "--offer with a new name")
    if network is None or member is None:
        config = Home.find(home, os.environ).config(os.environ)
        network, member = network or config.network_id.hex(), member or config.member
    called = label or any_label()
    if not is_name(called):
        raise click.BadParameter("a label is 1 to 32 of a-z, 0-9 and -", param_hint="--label")
    made = SigningKey(os.urandom(32))
    wanted = offer_of(network_name(network), member, called, made)
    name = file.name.removesuffix(SUFFIX)
    _keep(file.parent, made, name, member, plain=plain_keys)
    write_private(offer, dump(wanted))
    text = f"{file} signs as {member}/{called} once {member} has enrolled {offer}"
    return tell(text, as_json=as_json, member=member, label=called, key=made.key_id)


@person.command()
@click.argument("offer", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@home_option
@json_option
def enrol(*, offer: Path, home: Path | None, as_json: bool) -> int:
    """Enrol the person whose OFFER this is: from the next block on it signs what concerns it.

    The ledger does not say who it is: keep that yourself, beside its label.
    """
    try:
        wanted = from_json(Offer, json.loads(offer.read_text(encoding="utf-8")))
    except (ValueError, Malformed) as error:
        raise Failure(f"{offer} is no offer: {error}", "consortia person new KEY --offer FILE") from None
    session = at_home(home)
    if (wanted.network, wanted.member) != (session.client.network, session.member):
        text = f"{offer} is for {wanted.member} in the network {wanted.network.hex()[:16]}"
        raise Failure(text, "consortia person new KEY --offer FILE --network HASH --member NAME")
    receipt = _desk(session).enrol(wanted)
    called = f"{wanted.member}/{wanted.label}"
    tell_done(receipt, f"{called} signs for itself", as_json=as_json, person=called, label=wanted.label)
    return DONE


@person.command("list")
@click.option("--member", metavar="NAME", help="Whose persons; else this member's.")
@home_option
@json_option
def list_(*, member: str | None, home: Path | None, as_json: bool) -> int:
    """List the persons whose keys a member enrolled."""
    found = _desk(at_home(home)).list(member)
    if as_json:
        known = [{"member": one.member, "label": one.label, **to_json(one.person)} for one in found]
        facts({"persons": known})
        return DONE
    rows = [
        [
            f"{one.member}/{one.label}",
            one.person.key.hex()[:16],
            moment(one.person.since),
            _ended(one.person.released),
        ]
        for one in found
    ]
    table(rows, ["person", "key", "since", "released"])
    return DONE


@person.command()
@click.argument("file", metavar="NEW", type=click.Path(path_type=Path, dir_okay=False))
@key_option(required=True)
@plain_keys_option
@home_option
@json_option
def rekey(*, file: Path, key: Path, plain_keys: bool, home: Path | None, as_json: bool) -> int:
    """As the person whose --key it is, sign with a NEW key from the next block on.

    Its consents, its account and its part of the quota stay what they are.
    """
    if not file.name.endswith(SUFFIX):
        raise click.BadParameter(f"a key's file ends in {SUFFIX}", param_hint="NEW")
    session, old, made = at_home(home), person_key(key), SigningKey(os.urandom(32))
    view = _desk(session).of_key(old.key_id)
    _keep(file.parent, made, file.name.removesuffix(SUFFIX), view.member, plain=plain_keys)
    with kept_unless_refused(file):
        receipt = session.submit(rekey_of(session.client.network, view, made), key=old)
    called = f"{view.member}/{view.label}"
    tell_done(receipt, f"{called} signs with {file} from the next block on", as_json=as_json, key=made.key_id)
    return DONE


@person.command()
@click.argument("label")
@key_option()
@home_option
@json_option
def release(*, label: str, key: Path | None, home: Path | None, as_json: bool) -> int:
    """Let a person go: its key then withdraws its consents and does nothing else.

    As its member, or with --key as the person itself. The label is never given again.
    """
    session = at_home(home)
    own = None if key is None else person_key(key)
    receipt = session.submit(Release(label), key=own)
    tell_done(receipt, f"{label} is released", as_json=as_json, label=label)
    return DONE


def _desk(session: Session) -> Persons:
    return Persons(Door(session), session.member)


def _keep(folder: Path, key: SigningKey, name: str, member: str, *, plain: bool) -> None:
    phrase = None if plain else passphrase_from(os.environ, confirm=True)
    save_key(folder, key, phrase, label=name, role=PERSON, member=member)


def _ended(time: int | None) -> str:
    return "" if time is None else moment(time)
