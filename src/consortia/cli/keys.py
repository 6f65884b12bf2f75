"""`consortia key`: the keys of this member, in its home and on the ledger."""

import os
import shutil
from pathlib import Path
from typing import Any, get_args

import click

from consortia.base.ids import is_name
from consortia.base.keys import SigningKey
from consortia.cli.fresh import (
    RECOVERING,
    is_taken,
    kept_unless_refused,
    recovery_kept_unless_refused,
    stamp,
)
from consortia.cli.options import home_option, json_option, member_option, yes_option
from consortia.cli.output import DONE, Failure, facts, note, table, tell
from consortia.cli.session import Keyring, Session, at_home, at_place, place_of, tell_done
from consortia.kernel.block import Receipt
from consortia.modules.identity.messages import (
    AddKey,
    NewKey,
    Recover,
    RevokeKey,
    RotateConsensusKey,
    RotateNodeKey,
)
from consortia.modules.identity.queries import ByName, KeysView, KeyView
from consortia.modules.identity.rules import ALONE, possession_message
from consortia.modules.identity.types import KeySpec, Role
from consortia.node.founding import MemberKeys
from consortia.node.home import Home
from consortia.node.keys import SUFFIX, KeyInfo, key_info, list_keys, open_key, save_key
from consortia.sdk.moments import moment

ROLES = tuple(role for role in get_args(Role) if role not in {"node", "recovery", "consensus"})
"""Roles that a further key may have: node keys are rotated, recovery keys recovered."""


STAND_IN = "node-recovery"
"""The file of the old recovery key among the new keys: the block of a recovery is cosigned by the set
before it, in which the recovery key stands in for a lost node key. It sorts before `node`, so it signs
nothing else."""


@click.group()
def key() -> None:
    """Keys of this member: list, add, revoke, rotate the node's, recover from the recovery key."""


@key.command("list")
@home_option
@json_option
def list_own(*, home: Path | None, as_json: bool) -> int:
    """List the key files of the home, and the member's keys on the ledger."""
    session = at_home(home)
    files = {info.key: info for info in list_keys(session.home.keys)}
    known = _known(session)
    rows = [_row(one, files.get(one.id.hex())) for one in known]
    unknown = [info for info in files.values() if info.key not in {one.id.hex() for one in known}]
    rows += [
        {
            "id": info.key,
            "label": info.label,
            "roles": [info.role],
            "standing": "not on the ledger",
            "file": True,
        }
        | {"plain": info.plain, "since": None}
        for info in unknown
    ]
    if as_json:
        facts({"member": session.member, "keys": rows})
        return DONE
    table(
        [
            [
                row["id"][:16],
                row["label"],
                " ".join(row["roles"]),
                row["standing"],
                "" if row["since"] is None else moment(row["since"]),
                _file(row),
            ]
            for row in rows
        ],
        ["key", "label", "roles", "standing", "since", "here"],
    )
    return DONE


@key.command()
@click.argument("label")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice(ROLES),
    help="What the key may do; may be given several times.",
)
@home_option
@json_option
def new(*, label: str, roles: tuple[Role, ...], home: Path | None, as_json: bool) -> int:
    """Make a key called LABEL, keep it in the home, and register it.

    A worker's key has that role alone. Hand the file to whoever holds the office.
    """
    ordered = tuple(sorted(set(roles)))
    if ALONE.intersection(ordered) and len(ordered) > 1:
        raise click.UsageError("a worker's key has that role alone")
    if not is_name(label):
        raise click.BadParameter("a label is 1 to 32 of a-z, 0-9 and -", param_hint="LABEL")
    session = at_home(home)
    made = SigningKey(os.urandom(32))
    path = _keep(session, made, label=label, role=_chief(ordered))
    with kept_unless_refused(path):
        receipt = session.submit(AddKey(_proven(session, made, ordered, label)))
    tell_done(receipt, f"{label} ({', '.join(ordered)}): {path}", as_json=as_json, key=made.key_id)
    return DONE


@key.command()
@click.argument("which", metavar="KEY")
@home_option
@json_option
def revoke(*, which: str, home: Path | None, as_json: bool) -> int:
    """Revoke KEY, by label or by the first digits of its id: it acts no more from the next block on."""
    session = at_home(home)
    found = active(session, which)
    receipt = session.submit(RevokeKey(found.id))
    tell_done(receipt, f"{found.key.label} is revoked.", as_json=as_json, key=found.id)
    return DONE


@key.command()
@click.option("--consensus", is_flag=True, help="The key with which its CometBFT votes, instead.")
@home_option
@json_option
def rotate(*, consensus: bool, home: Path | None, as_json: bool) -> int:
    """Replace the node's key, with which it cosigns. Restart the node afterwards.

    A consensus key takes effect two blocks later: the node then starts its CometBFT anew by itself.
    """
    session = at_home(home)
    if consensus:
        return _rotate_consensus(session, as_json=as_json)
    have = len([info for info in list_keys(session.home.keys) if info.role == "node"])
    label = f"node{have + 1:02}"
    made = SigningKey(os.urandom(32))
    path = _keep(session, made, label=label, role="node")
    fresh = _proven(session, made, ("node",), label)
    with kept_unless_refused(path):
        receipt = session.change(lambda checkpoint: RotateNodeKey(fresh, checkpoint))
    tell_done(receipt, f"The node's key is now {path}", as_json=as_json, key=made.key_id)
    note("Restart the node now: until then it cannot cosign.")
    return DONE


@key.command()
@click.option(
    "--recovery",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The recovery key's file; else the one in the home.",
)
@click.option("--url", help="Another member's node to talk to, when the own one cannot run.")
@member_option
@yes_option
@home_option
@json_option
def recover(
    *,
    recovery: Path | None,
    url: str | None,
    member: str | None,
    yes: bool,
    home: Path | None,
    as_json: bool,
) -> int:
    """Replace every key of this member, signed by its recovery key alone.

    For when keys are lost or stolen. The old key files are set aside; restart the node afterwards.
    """
    found = Home.find(home, os.environ)
    path = recovery or found.keys / f"recovery{SUFFIX}"
    own = found.config(os.environ).member
    if key_info(path).member != own:
        raise Failure(
            f"{path} is the recovery key of {key_info(path).member}, not of {own}",
            "name the right file with --recovery",
        )
    if not yes:
        click.confirm(f"Every key of {own} is replaced. Sure?", abort=True)
    keyring = Keyring(found)
    signing = open_key(path, keyring.passphrase)
    asked = None if url is None else place_of(found, url, member)
    session = at_home(home) if asked is None else at_place(asked, keyring, signing=signing)
    waiting = Home(found.path / RECOVERING)

    def named() -> frozenset[str]:
        new = open_key(waiting.keys / f"admin{SUFFIX}", keyring.passphrase)
        asking = session if asked is None else at_place(asked, keyring, signing=new)
        return frozenset(one.id.hex() for one in _known(asking))

    receipt: Receipt | None = None
    if not is_taken(waiting, named):
        fresh = MemberKeys.generate(own, found.config(os.environ).driver)
        phrase = None if keyring.plain else keyring.passphrase()
        waiting.keys.mkdir(parents=True, mode=0o700)
        fresh.save(waiting, phrase)
        save_key(waiting.keys, signing, phrase, label=STAND_IN, role="node", member=own)
        proven = fresh.proven(session.client.network)
        with recovery_kept_unless_refused(waiting):
            receipt = session.change(lambda checkpoint: Recover(proven, checkpoint), key=signing)
    text = f"{own} has new keys; the old files are in {_swap(found, waiting).name}"
    return _tell_recovered(found, receipt, text, as_json=as_json)


def _tell_recovered(home: Home, receipt: Receipt | None, text: str, *, as_json: bool) -> int:
    """Tell of new keys; with no receipt the ledger had taken them in before."""
    admin = bytes.fromhex(key_info(home.keys / f"admin{SUFFIX}").key)
    if receipt is not None:
        tell_done(receipt, text, as_json=as_json, key=admin)
    else:
        tell(text, as_json=as_json, key=admin)
    note(f"Restart the node now, and move {home.keys / ('recovery' + SUFFIX)} to a safe place.")
    return DONE


def _rotate_consensus(session: Session, *, as_json: bool) -> int:
    have = len([info for info in list_keys(session.home.keys) if info.role == "consensus"])
    label = f"consensus{have + 1:02}"
    made = SigningKey(os.urandom(32))
    path = _keep(session, made, label=label, role="consensus")
    with kept_unless_refused(path):
        receipt = session.submit(RotateConsensusKey(_proven(session, made, ("consensus",), label)))
    tell_done(receipt, f"The consensus key is now {path}", as_json=as_json, key=made.key_id)
    return DONE


def _swap(home: Home, waiting: Home) -> Path:
    """Put the new key files in the place of the old; gives the folder where those are set aside."""
    aside = home.path / f"keys-until-{stamp()}"
    aside.mkdir(mode=0o700)
    for old in sorted(home.keys.glob(f"*{SUFFIX}")):
        old.replace(aside / old.name)
    for fresh in sorted(waiting.keys.glob(f"*{SUFFIX}")):
        fresh.replace(home.keys / fresh.name)
    shutil.rmtree(waiting.path)
    return aside


def _keep(session: Session, made: SigningKey, *, label: str, role: str) -> Path:
    """Write a new key file, protected as the others of the home are."""
    keyring = session.keyring
    phrase = None if keyring.plain else keyring.passphrase()
    return save_key(session.home.keys, made, phrase, label=label, role=role, member=session.member)


def _proven(session: Session, made: SigningKey, roles: tuple[Role, ...], label: str) -> NewKey:
    """A key alone, with the proof that its owner holds it."""
    claim = possession_message(session.client.network, session.member, (KeySpec(made.public, roles, label),))
    return NewKey(made.public, roles, label, made.sign(claim))


def _chief(roles: tuple[str, ...]) -> str:
    """The role that a key file is filed under."""
    return "admin" if "admin" in roles else roles[0]


def active(session: Session, which: str) -> KeyView:
    """This member's active key of a label, or whose id begins so; raises Failure where it is not one."""
    found = [one for one in _known(session) if one.key.revoked is None and _is(one, which)]
    if len(found) != 1:
        text = "no active key is" if not found else f"{len(found)} active keys are"
        raise Failure(f"{text} called {which!r}", "consortia key list")
    return found[0]


def _known(session: Session) -> tuple[KeyView, ...]:
    return session.ask("identity.keys", ByName(session.member), KeysView).keys


def _is(one: KeyView, which: str) -> bool:
    return one.key.label == which or (len(which) >= 8 and one.id.hex().startswith(which))


def _row(one: KeyView, file: KeyInfo | None) -> dict[str, Any]:
    return {
        "id": one.id.hex(),
        "label": one.key.label,
        "roles": list(one.key.roles),
        "standing": "revoked" if one.key.revoked else "active",
        "since": one.key.since,
        "file": file is not None,
        "plain": None if file is None else file.plain,
    }


def _file(row: dict[str, Any]) -> str:
    return "" if not row["file"] else "plain" if row["plain"] else "encrypted"
