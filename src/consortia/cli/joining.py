"""`consortia invite` and `consortia join`: the second to n-th organisation.

The inviter writes one file. The joiner posts its keys with the file's token, waits until a
member proposed it and enough approved, and accepts with its own administrator's key, under the checkpoint
by which the last change of the member set became final.
"""

import os
import time
from pathlib import Path

import click
import msgspec

from consortia.base.codec import encode_record
from consortia.base.hashing import sha256
from consortia.cli.network import choose_place, make_home, tell_keys
from consortia.cli.options import ORG, home_option, json_option, plain_keys_option
from consortia.cli.output import DONE, USAGE, Failure, facts, note, say
from consortia.cli.session import Keyring, NotFinalYet, at_url
from consortia.modules.identity.messages import Accept
from consortia.modules.identity.queries import ByName, MemberView, Nothing, ProposalsView
from consortia.node.config import FILE, Config, save
from consortia.node.founding import OFFICES, MemberKeys
from consortia.node.home import Home, default_home, write_private
from consortia.node.invitations import Invitations, Invite, JoinRequest, Place, read_invite
from consortia.node.keys import open_key, passphrase_from
from consortia.node.tls import tls_files
from consortia.sdk.errors import RequestFailed, TransactionRefused
from consortia.sdk.transport import CBOR, Transport

POLL_SECONDS = 0.5


@click.command()
@click.argument("org")
@home_option
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="The file; ORG.invite when left out."
)
@click.option("--url", help="Where the joiner reaches this member's node.")
@json_option
def invite(org: str, home: Path | None, out: Path | None, url: str | None, as_json: bool) -> int:
    """Invite the organisation ORG: write one file to send to it.

    The file opens this node's door once, within a week, to that name alone. Send it as you would send a
    password.
    """
    found = Home.find(home, os.environ)
    config = found.config(os.environ)
    address = url or _own_url(found, config)
    pin = tls_files(found.keys).pin() if address.startswith("https://") else b""
    place = Place(config.member, address, pin)
    made = Invitations(found.path).invite(found.genesis(), org, place, _now())
    path = out or Path(f"{org}.invite")
    if path.exists():
        raise Failure(f"{path} exists", "--out another file")
    write_private(path, msgspec.json.format(msgspec.json.encode(made)) + b"\n")
    if as_json:
        facts(
            {"file": str(path), "org": org, "network": made.network, "url": address, "expires": made.expires}
        )
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
@click.option("--listen", metavar="HOST:PORT", help="Where its node listens; else a free port of 127.0.0.1.")
@click.option("--url", default="", help="Where others reach it, when that differs.")
@click.option("--tls", is_flag=True, help="Speak TLS on 127.0.0.1 too; elsewhere it always does.")
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
        raise Failure(f"{file} invites {invited.name}, not {org}", code=USAGE)
    folder = (home or default_home(os.environ)).expanduser().absolute()
    phrase = None
    if (folder / FILE).exists():
        found = _resumed(folder, invited)
    else:
        place = choose_place(listen, url, tls=tls)
        config = Config(
            member=invited.name,
            network=invited.network,
            orderer=invited.inviter,
            orderer_url=invited.url,
            orderer_pin=invited.pin,
            listen=place.listen,
            url=place.url,
            tls=place.tls,
            worker=worker,
        )
        phrase = None if plain_keys else passphrase_from(os.environ, confirm=True)
        found = make_home(folder, config, bytes.fromhex(invited.genesis), place)
        MemberKeys.generate(invited.name).save(found, phrase)
        note(f"Made the home {found.path}.")
        tell_keys(found, plain=plain_keys)
    joiner = _Joiner(Keyring(found, phrase), invited, title or invited.name)
    try:
        done = joiner.run(wait=not no_wait)
    finally:
        joiner.session.close()
    _tell(found, invited, done=done, as_json=as_json)
    return DONE


class _Joiner:
    """The steps of joining, each of which may have been done before."""

    def __init__(self, keyring: Keyring, invited: Invite, title: str) -> None:
        self.home, self.keyring, self.invited, self.title = keyring.home, keyring, invited, title
        self.config = self.home.config(os.environ)
        pins = frozenset({bytes.fromhex(invited.pin)}) if invited.pin else frozenset[bytes]()
        self.session = at_url(invited.url, keyring, pins=pins)
        self._said = ""

    def run(self, *, wait: bool) -> bool:
        """Knock, wait, accept; True once this organisation is a member."""
        if not self._known():
            self._knock()
            if not wait:
                return False
            self._wait_until_proposed()
        while not self._is_member():
            if not wait and not self._decided():
                return False
            if self._decided() and self._accept():
                break
            time.sleep(POLL_SECONDS)
        self._learn_orderer()
        return True

    def _known(self) -> bool:
        """Whether the ledger knows this organisation's administrator: it was proposed, or is a member."""
        try:
            self.session.status()
        except RequestFailed as error:
            if error.status == 401:
                return False
            raise
        return True

    def _knock(self) -> None:
        keys = self._keys().proven(self.session.network)
        certificate = tls_files(self.home.keys).der() if self.config.tls else None
        request = JoinRequest(self.invited.name, self.title, keys, self.config.url or None, certificate)
        path = f"/v1/join?token={self.invited.token}"
        transport = Transport(self.invited.url, pins=self.session.transport.pins)
        try:
            transport.post(path, encode_record(request), CBOR).expect(202)
        finally:
            transport.close()

    def _keys(self) -> MemberKeys:
        paths = {label: self.home.keys / f"{label}.key.json" for label, _ in OFFICES}
        keys = {label: open_key(path, self.keyring.passphrase) for label, path in paths.items()}
        return MemberKeys(self.invited.name, keys)

    def _wait_until_proposed(self) -> None:
        name, inviter = self.invited.name, self.invited.inviter
        self._say(f"Waiting for {inviter} to propose {name}: consortia member admit {name}")
        while not self._known():
            time.sleep(POLL_SECONDS)

    def _decided(self) -> bool:
        """Whether enough members approved; says who is awaited."""
        found = self.session.ask("identity.proposals", Nothing(), ProposalsView).proposals
        own = [one for one in found if one.kind == "admission" and one.name == self.invited.name]
        if not own:
            if self._is_member():
                return True
            raise Failure(
                f"the admission of {self.invited.name} was taken back, or has expired",
                f"ask {self.invited.inviter} for a new invitation",
            )
        have, needed = len(own[0].proposal.approvals), own[0].needed
        if have < needed:
            awaited = ", ".join(own[0].awaited)
            self._say(f"{have} of {needed} approvals; awaited: {awaited} (consortia member approve)")
        return have >= needed

    def _accept(self) -> bool:
        """Accept; False where the last change of the member set is not final yet."""
        try:
            self.session.change(lambda checkpoint: Accept(self.invited.name, checkpoint))
        except NotFinalYet as error:
            self._say(f"Approved; {error.text}: the members' nodes are awaited")
            return False
        except TransactionRefused as error:
            if error.code != "identity.not_approved":
                raise
            return False
        return True

    def _is_member(self) -> bool:
        try:
            view = self.session.ask("identity.member", ByName(self.invited.name), MemberView)
        except TransactionRefused as error:
            if error.code != "identity.not_a_member":
                raise
            return False
        return view.left is None

    def _learn_orderer(self) -> None:
        """Note in the settings whose node orders, and where that is, so that this one finds it."""
        status = self.session.status()
        orderer, url, pin = str(status["orderer"]), self.invited.url, self.invited.pin
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


def _own_url(home: Home, config: Config) -> str:
    """Where this member's node is reached, by its settings, or by itself while it runs."""
    from consortia.cli.network import Place as Listening

    known = Listening(config.listen, config.url, config.tls).reached()
    if known:
        return known
    running = home.running()
    if running is None or "//0.0.0.0" in running.url or "//[::]" in running.url:
        raise Failure("where this member's node is reached is not known", "--url https://HOST:PORT")
    return running.url


def _now() -> int:
    return time.time_ns() // 1_000_000
