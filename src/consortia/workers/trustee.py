"""A trustee's part in secret elections, done for its member: the key, complaints, and one decryption.

It acts only on what a final ledger checkpoint covers: what others committed before it opens, what they dealt
before it complains, and above all the close, whose one sum it decrypts once and never another. So an orderer
that shows it a history of its own, with a close of its own, gets nothing: that history is not final.

Everything that it publishes follows from one secret seed for each election, drawn when it commits and
destroyed when the election is over; so it may be killed at any moment, and says the same again. The sum that
it has decided to decrypt is written down before anything of it is told.

    ELECTION/seed    what all its secrets follow from
    ELECTION/sum     the name of the sum that it decrypts
"""

import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path

from consortia.base.codec import Record
from consortia.base.group import ORDER, read_scalar, times_base
from consortia.base.hashing import tagged
from consortia.exact import ceremony, decryption
from consortia.kernel.block import OK
from consortia.modules.ballots import messages as ask
from consortia.modules.ballots import rules
from consortia.modules.ballots.queries import (
    ById,
    ByMember,
    Duties,
    ElectionView,
    Step,
    TrusteeEntry,
    TrusteesView,
    step_of,
)
from consortia.modules.ballots.types import Dealing, Election, Key, Progress
from consortia.workers import files
from consortia.workers.door import Door, DoorClosed
from consortia.workers.errors import Refused
from consortia.workers.report import Kind, Report, Tell, nobody

FOLDER = "trustee"
"""The trustee's folder in a member's private data."""

SECRET_TAG = "consortia/trustee-secret"  # noqa: S105 (a tag)
SEED_BYTES = 32

TURN_MILLISECONDS = 500
"""Where one trustee's message does for all, the others wait this much each."""

AGAIN_MILLISECONDS = 1_000
"""After a refusal an election is left alone for so long."""

Act = Callable[[Election, Progress, TrusteesView], bool]


class Trustee:
    """One member's trustee over its node (`door`), with its secrets in a folder of its own."""

    def __init__(
        self,
        door: Door,
        network: bytes,
        folder: Path,
        *,
        tell: Tell = nobody,
        draw: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """Do the duty of the door's member in the network with this id; `draw(n)` gives n random bytes."""
        self.door, self.network, self.folder = door, network, folder
        self.tell, self._draw = tell, draw
        self._rest: dict[bytes, int] = {}
        self._told: set[tuple[bytes, str]] = set()

    def work(self) -> bool:
        """Do all that is due now, and say whether anything was. Raise DoorClosed when the node is away."""
        found = self.door.query("ballots.duties", ByMember(self.door.member), Duties).elections
        live = set[bytes]()
        done = False
        for view in found:
            if view.election is not None and view.progress is not None:
                live.add(view.election.id)
                done |= self._attempt(view.election, view.progress)
        self._tidy(live)
        return done

    def _attempt(self, election: Election, progress: Progress) -> bool:
        """Do what is due in one election; its failure never holds up another."""
        now = self.door.now()
        if now < self._rest.get(election.id, 0):
            return False
        step = step_of(election, progress, now)
        acts: dict[Step, Act] = {
            "commit": self._commit,
            "open": self._open,
            "complain": self._complain,
            "begin": partial(self._for_all, ask.BeginVoting, "began", election.times.complain),
            "close": partial(self._for_all, ask.CloseVoting, "closed", election.times.vote),
            "decrypt": self._decrypt,
            "end": partial(self._for_all, ask.EndElection, "ended", election.times.decrypt),
        }
        act = acts.get(step)
        if act is None:
            return False
        try:
            made = self.door.query("ballots.trustees", ById(election.id), TrusteesView)
            return self._is_final(election, progress, made) and act(election, progress, made)
        except Refused as code:
            self._later(election, "refused", str(code), now)
        except DoorClosed as why:
            self._later(election, "waits", str(why), now)
        return False

    def _is_final(self, election: Election, progress: Progress, made: TrusteesView) -> bool:
        """Whether a final checkpoint covers all that the next act rests on."""
        heights = [election.height, progress.closed or 0, *(each.trustee.height for each in made.trustees)]
        return max(heights) <= self.door.final_height()

    # ------------------------------------------------------------------ the key

    def _commit(self, election: Election, _progress: Progress, made: TrusteesView) -> bool:
        if self._own(made) is not None:
            return False
        seed = self._seed(election) or self._new_seed(election)
        key, proof = ceremony.sealing_key(
            election.id, self.door.member, _number(seed, "seal"), _number(seed, "seal-w")
        )
        opened = self._coefficients(election, seed)
        commitment = ceremony.dealing_hash(election.id, self.door.member, opened)
        self._send(ask.CommitKey(election.id, key, proof, commitment))
        return self._say("committed", election, "to a part of the key")

    def _open(self, election: Election, _progress: Progress, made: TrusteesView) -> bool:
        own, seed = self._own(made), self._seed(election)
        if own is None or own.trustee.dealing is not None or seed is None:
            return False
        name, polynomial = self.door.member, self._polynomial(election, seed)
        shares = tuple(
            ceremony.seal_share(
                election.id,
                name,
                holder.name,
                key=holder.trustee.sealing,
                share=ceremony.share_at(polynomial, rules.index(election, holder.name)),
                nonce=_number(seed, f"share/{holder.name}"),
            )
            for holder in made.trustees
        )
        self._send(ask.OpenKey(election.id, self._coefficients(election, seed), shares))
        return self._say("dealt", election, f"shares to {len(shares)} trustees")

    def _complain(self, election: Election, _progress: Progress, made: TrusteesView) -> bool:
        own, seed = self._own(made), self._seed(election)
        if own is None or seed is None:
            return False
        done = False
        for dealer in made.trustees:
            dealing = dealer.trustee.dealing
            if dealing is None or dealer.trustee.accuser is not None:
                continue
            if self._share(election, made, dealer, dealing) is None:
                self._accuse(election, made, dealer, seed)
                done = True
        return done

    def _accuse(self, election: Election, made: TrusteesView, dealer: TrusteeEntry, seed: bytes) -> None:
        if dealer.trustee.dealing is None:
            return
        sealed = dealer.trustee.dealing.shares[_place(made, self.door.member)]
        shown = ceremony.complaint(
            election.id,
            dealer.name,
            self.door.member,
            secret=_number(seed, "seal"),
            sealed=sealed,
            nonce=_number(seed, f"complaint/{dealer.name}"),
        )
        self._send(ask.Complain(election.id, dealer.name, *shown))
        self._say("complained", election, f"about the share of {dealer.name}", again=True)

    # ------------------------------------------------------------------ the decryption

    def _decrypt(self, election: Election, progress: Progress, made: TrusteesView) -> bool:
        """Decrypt the sum that the final close named, once."""
        key, name = progress.key, progress.sum
        if key is None or name is None or any(each.name == self.door.member for each in made.parts):
            return False
        secret = self._secret(election, key, made)
        if secret is None:
            self._say("waits", election, "this trustee has no secret that fits the key")
            return False
        decided = self._decide(election, name)
        if decided != name:
            self._say("stopped", election, "the close names another sum than the one decided on")
            return False
        seed = self._seed(election) or b""
        part = decryption.make_partial(
            rules.terms(self.network, election, key),
            name,
            self.door.member,
            secret=secret,
            pads=[each.pad for each in progress.sums],
            nonce=_number(seed, f"decrypt/{name.hex()}"),
        )
        self._send(ask.Decrypt(election.id, name, part))
        return self._say("decrypted", election, f"the sum of {progress.ballots} ballots")

    def _secret(self, election: Election, key: Key, made: TrusteesView) -> int | None:
        """The sum of this trustee's shares of the qualified dealers, when it fits the key."""
        total = 0
        for dealer in made.trustees:
            if dealer.name in key.qualified and dealer.trustee.dealing is not None:
                share = self._share(election, made, dealer, dealer.trustee.dealing)
                if share is None:
                    return None
                total = (total + share) % ORDER
        fits = times_base(total) == rules.verification_key(election, key, self.door.member)
        return total if fits and total else None

    def _share(
        self, election: Election, made: TrusteesView, dealer: TrusteeEntry, dealing: Dealing
    ) -> int | None:
        """This trustee's share of a dealer; None when it does not fit, or cannot be opened here."""
        seed, name = self._seed(election), self.door.member
        if seed is None or self._own(made) is None:
            return None
        share = ceremony.open_share(
            election.id,
            dealer.name,
            name,
            secret=_number(seed, "seal"),
            sealed=dealing.shares[_place(made, name)],
        )
        points = [each.point for each in dealing.coefficients]
        return read_scalar(share) if ceremony.fits(share, rules.index(election, name), points) else None

    # ------------------------------------------------------------------ for all

    def _for_all(
        self,
        make: Callable[[bytes], Record],
        kind: Kind,
        since: int,
        election: Election,
        _progress: Progress,
        _made: TrusteesView,
    ) -> bool:
        """Send what anyone may, when it is this trustee's turn to spare the others the work."""
        turn = since + TURN_MILLISECONDS * (rules.index(election, self.door.member) - 1)
        if self.door.now() < turn:
            return False
        self._send(make(election.id))
        return self._say(kind, election, "its time has come")

    # ------------------------------------------------------------------ small things

    def _own(self, made: TrusteesView) -> TrusteeEntry | None:
        return next((each for each in made.trustees if each.name == self.door.member), None)

    def _polynomial(self, election: Election, seed: bytes) -> list[int]:
        return [_number(seed, f"coefficient/{place}") for place in range(rules.needed(election))]

    def _coefficients(self, election: Election, seed: bytes) -> tuple[ceremony.Coefficient, ...]:
        polynomial = self._polynomial(election, seed)
        nonces = [_number(seed, f"coefficient-w/{place}") for place in range(len(polynomial))]
        return ceremony.coefficients(election.id, self.door.member, polynomial, nonces)

    def _seed(self, election: Election) -> bytes | None:
        path = self.folder / election.id.hex() / "seed"
        return path.read_bytes() if path.is_file() else None

    def _new_seed(self, election: Election) -> bytes:
        seed = self._draw(SEED_BYTES)
        files.write(self.folder / election.id.hex() / "seed", seed)
        return seed

    def _decide(self, election: Election, name: bytes) -> bytes:
        """Decide on the one sum to decrypt; the one that counts."""
        path = self.folder / election.id.hex() / "sum"
        if not path.is_file():
            files.write(path, name)
        return path.read_bytes()

    def _tidy(self, live: set[bytes]) -> None:
        """Destroy the secrets of elections that are over, once a final checkpoint says so."""
        for folder in sorted(self.folder.iterdir()) if self.folder.is_dir() else ():
            election = bytes.fromhex(folder.name)
            if election in live:
                continue
            progress = self.door.query("ballots.election", ById(election), ElectionView).progress
            over = None if progress is None else progress.over
            if over is not None and over <= self.door.final_height():
                for path in sorted(folder.iterdir()):
                    files.destroy(path)
                folder.rmdir()

    def _send(self, message: Record) -> None:
        code = self.door.submit(message)
        if code != OK:
            raise Refused(code)

    def _later(self, election: Election, kind: Kind, why: str, now: int) -> None:
        self._rest[election.id] = now + AGAIN_MILLISECONDS
        self._say(kind, election, why)

    def _say(self, kind: Kind, election: Election, detail: str, *, again: bool = False) -> bool:
        if again or (election.id, f"{kind} {detail}") not in self._told:
            self._told.add((election.id, f"{kind} {detail}"))
            self.tell(Report(kind, election.id, 0, 0, detail))
        return True


def _number(seed: bytes, purpose: str) -> int:
    """The scalar of a purpose, 1..ORDER-1: 512 bits of hash modulo ORDER-1, plus one."""
    halves = (tagged(SECRET_TAG, seed + bytes([half]) + purpose.encode()) for half in range(2))
    return 1 + int.from_bytes(b"".join(halves), "big") % (ORDER - 1)


def _place(made: TrusteesView, name: str) -> int:
    return [each.name for each in made.trustees].index(name)
