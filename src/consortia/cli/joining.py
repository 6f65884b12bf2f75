"""`consortia invite` and `consortia join`: the second to n-th organisation.

The inviter writes one file. The joiner posts its keys with the file's token, waits until a
member proposed it and enough approved, and accepts with its own administrator's key (`node.joining`).
"""

import os
import time
from pathlib import Path

import click
import msgspec

from consortia.base.codec import encode_record
from consortia.base.hashing import sha256
from consortia.cli.network import ordered_by, tell_keys, wishes, with_passphrase
from consortia.cli.options import (
    ORG,
    home_option,
    json_option,
    listen_option,
    peer_listen_option,
    plain_keys_option,
    url_option,
)
from consortia.cli.output import DONE, USAGE, Failure, facts, note, say
from consortia.cli.session import Keyring, Place, at_home, at_place
from consortia.modules.identity.messages import Accept
from consortia.modules.identity.queries import ByName, MemberView
from consortia.node import inviting
from consortia.node.config import FILE, save
from consortia.node.home import Home, default_home, write_private
from consortia.node.homes import prepare
from consortia.node.invitations import Invite, read_invite
from consortia.node.joining import awaited
from consortia.sdk.client import Client
from consortia.sdk.errors import RequestFailed, TransactionRefused, Unreachable
from consortia.sdk.moments import utc_milliseconds

POLL_SECONDS = 0.5
FORBIDDEN = 403
REQUEST_FILE = "join-request.cbor"
"""What a joiner posts, kept in its home, so that an interrupted join posts the same again."""


@click.command()
@click.argument("org")
@home_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file; else ORG.invite.")
@click.option("--url", help="Where the joiner reaches this member's node.")
@json_option
def invite(*, org: str, home: Path | None, out: Path | None, url: str | None, as_json: bool) -> int:
    """Invite the organisation ORG: write one file to send to it.

    The file opens this node's door once, within a week, to that name alone. Send it as you would send a
    password.
    """
    found = Home.find(home, os.environ)
    path = out or Path(f"{org}.invite")
    if path.exists():
        raise Failure(f"{path} exists", "--out another file")
    members = at_home(home).client.status().members if found.running() else ()
    made = inviting.invite(found, found.config(os.environ), org, url, utc_milliseconds(), members)
    address = made.url
    write_private(path, msgspec.json.format(msgspec.json.encode(made)) + b"\n")
    if as_json:
        known = {"file": str(path), "org": org, "network": made.network, "url": address}
        facts(known | {"expires": made.expires})
        return DONE
    say(f"{path}: invites {org} to {made.network[:16]} at {address}, once, within 7 days")
    note(f"Send it to {org}, who runs: consortia join {path.name}")
    note(f"Then, here: consortia member admit {org}")
    return DONE


@click.command()
@click.argument("file", metavar="INVITE", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--org", help="The name that was invited, if you want it checked. " + ORG)
@click.option("--title", help="The organisation's full name.")
@home_option
@listen_option
@url_option
@click.option("--tls", is_flag=True, help="Speak TLS on 127.0.0.1 too; elsewhere it always does.")
@peer_listen_option
@click.option("--worker/--no-worker", default=True, help="Run the member's worker beside its node.")
@click.option("--no-wait", is_flag=True, help="Post the keys and end; the same command again goes on.")
@plain_keys_option
@json_option
def join(
    *,
    file: Path,
    org: str | None,
    title: str | None,
    home: Path | None,
    listen: str | None,
    url: str,
    tls: bool,
    peer_listen: str | None,
    worker: bool,
    no_wait: bool,
    plain_keys: bool,
    as_json: bool,
) -> int:
    """Join a network by an INVITE file: make a home, post its keys, wait for approval, accept.

    May be interrupted at any time; the same command goes on where it was.
    """
    invited = read_invite(file)
    if org is not None and org != invited.name:
        raise Failure(f"{file} invites {invited.name}, not {org}", f"ask for an invite for {org}", USAGE)
    place = wishes(home, invited.name, title, listen=listen, url=url, tls=tls, worker=worker)
    if (place.path / FILE).exists():
        keyring = Keyring(_resumed(home or default_home(os.environ), invited))
    else:
        place = ordered_by(place, invited.driver, peer_listen)
        place = with_passphrase(place, plain=plain_keys)
        made, request = prepare(place, invited, utc_milliseconds())
        write_private(made.path / REQUEST_FILE, encode_record(request))
        note(f"Made the home {made.path}.")
        tell_keys(made, plain=plain_keys)
        keyring = Keyring(made, place.passphrase)
    done = _Joiner(keyring, invited).run(wait=not no_wait)
    _tell(keyring.home, invited, done=done, as_json=as_json)
    return DONE


class _Joiner:
    """The steps of joining, each of which may have been done before."""

    def __init__(self, keyring: Keyring, invited: Invite) -> None:
        self.home, self.invited, self.name = keyring.home, invited, invited.name
        self.pins = frozenset({bytes.fromhex(invited.pin)}) if invited.pin else frozenset[bytes]()
        self.session = at_place(Place(invited.url, invited.inviter, self.pins), keyring)
        self._said = ""

    def run(self, *, wait: bool) -> bool:
        """Knock, wait, accept; True once this organisation is a member."""
        if not self._known():
            self._knock()
            if not wait:
                return False
            inviter = self.invited.inviter
            self._say(f"Waiting for {inviter} to propose {self.name}: consortia member admit {self.name}")
            while not self._known():
                time.sleep(POLL_SECONDS)
        while not self._is_member():
            if self._decided():
                self._accept()
            elif not wait:
                return False
            else:
                time.sleep(POLL_SECONDS)
        if self.invited.driver == "embedded":
            self._learn_orderer()
        return True

    def _known(self) -> bool:
        """Whether the ledger knows this organisation's administrator: it was proposed, or is a member."""
        try:
            self.session.client.status()
        except RequestFailed as error:
            if error.status == 401:
                return False
            raise
        return True

    def _knock(self) -> None:
        """Post the keys with the invitation's token; the same again changes nothing."""
        request = (self.home.path / REQUEST_FILE).read_bytes()
        door = Client(self.invited.url, network=bytes.fromhex(self.invited.network), pins=self.pins)
        try:
            door.post(f"/v1/join?token={self.invited.token}", request)
        except RequestFailed as error:
            if error.status != FORBIDDEN:
                raise
            raise self._turned_away(error) from None
        finally:
            door.close()

    def _turned_away(self, error: RequestFailed) -> Failure:
        """What to do where the invitation opens no door."""
        inviter, name = self.invited.inviter, self.name
        text = f"{inviter}'s node does not take the invitation of {name}: {error.problem.detail}"
        remedy = (
            f"a new one, which {inviter} makes: consortia invite {name}; or --home with the home that used it"
        )
        return Failure(text, remedy)

    def _decided(self) -> bool:
        """Whether enough members approved; says who is awaited."""
        others = awaited(self.session.client, self.name)
        if others is None and not self._is_member():
            text = f"the admission of {self.name} was taken back, or has expired"
            raise Failure(text, f"ask {self.invited.inviter} for a new invitation")
        if others:
            self._say(f"Proposed; approvals awaited of: {', '.join(others)} (consortia member approve)")
        return not others

    def _accept(self) -> None:
        """Accept; returns without effect where the last change of the member set is not final yet."""
        try:
            self.session.change(lambda checkpoint: Accept(self.name, checkpoint))
        except Unreachable as error:
            self._say(f"Approved; the members' nodes are awaited: {error}")
        except TransactionRefused as error:
            if error.code != "identity.not_approved":
                raise

    def _is_member(self) -> bool:
        try:
            view = self.session.ask("identity.member", ByName(self.name), MemberView)
        except TransactionRefused as error:
            if error.code != "identity.not_a_member":
                raise
            return False
        return view.left is None

    def _learn_orderer(self) -> None:
        """Note in the settings whose node orders, and where that is, so that this one finds it."""
        orderer, url, pin = self.session.client.status().orderer, self.invited.url, self.invited.pin
        if orderer != self.invited.inviter:
            endpoint = self.session.ask("identity.member", ByName(orderer), MemberView).endpoint
            if endpoint is not None:
                url = endpoint.url
                pin = "" if endpoint.certificate is None else sha256(endpoint.certificate).hex()
        settings = self.home.config({})
        changed = msgspec.structs.replace(settings, orderer=orderer, orderer_url=url, orderer_pin=pin)
        save(changed, self.home.path)

    def _say(self, text: str) -> None:
        """Say a line of waiting, once."""
        if text != self._said:
            self._said = text
            note(text)


def _tell(home: Home, invited: Invite, *, done: bool, as_json: bool) -> None:
    if as_json:
        state = "member" if done else "waiting"
        facts({"network": invited.network, "member": invited.name, "home": str(home.path), "state": state})
    elif done:
        say(f"{invited.name} is a member of {invited.network}")
        say()
        say(f"Next: consortia up --home {home.path}")
    else:
        say(f"{invited.name} posted its keys to {invited.inviter}, and waits to be admitted")
        say("Next: the same command again, to go on")


def _resumed(folder: Path, invited: Invite) -> Home:
    """The home that an earlier run made; raises Failure when it is another's."""
    found = Home.find(folder, {})
    config = found.config({})
    if (config.network, config.member) != (invited.network, invited.name):
        text = f"{folder} is the home of {config.member} in network {config.network[:16]}"
        raise Failure(text, "--home another folder")
    note(f"Going on with the home {found.path}.")
    return found
