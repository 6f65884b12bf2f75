"""Files that open what a data set's commitment holds of one subject, or show that it holds nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, ValidationError, convert
from msgspec.structs import replace as changed

from consortia.base.codec import Record, decode, decode_record, encode, encode_record
from consortia.base.commitments import KNOWN_SALT
from consortia.engines.commit.dataset import Absence, Presence
from consortia.kernel.application import Application
from consortia.kernel.proof import PROOF_BYTES_MAX, Proof, SubjectOpening, parse_proof
from consortia.kernel.verify import Verdict
from consortia.modules.assets.state import ASSETS, VERSIONS
from consortia.modules.assets.types import Asset, Version
from consortia.sdk.checked import Checked, ProofBytes, Wrong, proved, walk

MAGIC = b"consortia-opening/1\n"
"""How a file begins that says whose it is."""

BEFORE_MAX = 1023
"""So many versions may stand before the one that is opened."""

_BYTES_MAX = 8 * PROOF_BYTES_MAX

ProofOfState = Callable[[bytes], bytes]
"""A proof file of what stands at a state key: `sdk.client.Client.proof_of_state`."""


def proof_of_subject(entry: ProofOfState, dataset: bytes, version: int, shown: Presence | Absence) -> bytes:
    """A proof file of a subject's rows in a version, or of their absence; whoever gets it learns the subject.

    Raises as `entry` does: while the version is not final there is no proof.
    """
    bare = parse_proof(entry(VERSIONS.state_key(dataset, version)))
    if isinstance(shown, Presence):
        rows, salt = encode(list(shown.rows)), shown.rows_salt
        opened = SubjectOpening(shown.subject, shown.salt, rows, salt, shown.path)
    else:
        opened = SubjectOpening(shown.subject, shown.salt, None, None, shown.path)
    return Proof(changed(bare.extra, subject=opened), bare.index, bare.path, bare.note).encode()


class Opening(Record, frozen=True):
    """A subject's rows in a data set, for somebody outside: the proofs of whose it is and of what it holds.

    The version's entry on the ledger does not name the owner. Without `owner` whoever was shown an opening
    could hand it on as its own. `before` are the proofs that each earlier version, oldest first, holds
    nothing of a subject that is no secret; of others there are none.
    """

    owner: ProofBytes
    shown: ProofBytes
    before: Annotated[tuple[ProofBytes, ...], Meta(max_length=BEFORE_MAX)]

    def encode(self) -> bytes:
        """The opening as a file."""
        return MAGIC + encode_record(self)


def opening_of(
    entry: ProofOfState, dataset: bytes, version: int, shown: Presence, before: Sequence[Absence] = ()
) -> bytes:
    """The file that opens a subject's rows; raises as `entry` does.

    `before` shows a subject that is no secret to be absent from each earlier version, oldest first.
    """
    earlier = [proof_of_subject(entry, dataset, number, one) for number, one in enumerate(before, 1)]
    return Opening(
        entry(ASSETS.state_key(dataset)), proof_of_subject(entry, dataset, version, shown), tuple(earlier)
    ).encode()


@dataclass(frozen=True, slots=True)
class Opened:
    """What a file opens: the owner's data set, its version, the subject and the subject's rows.

    `first`: the data set says nothing else of the subject in this version, and nothing in an earlier one.
    """

    asset: Asset
    version: Version
    subject: bytes
    rows: tuple[bytes, ...]
    first: bool


def verify_opening(app: Application, data: bytes, network: bytes) -> tuple[Checked, Opened | None]:
    """Verify an opening with nothing but the file and the network's hash; None where a step fails.

    1. The file is an opening in its one spelling. 2. Exactly these rows stand for the subject, under the salt
    in the file, in a data set's version under a final checkpoint. 3. The data set, and with it its owner,
    stands under one too. 4. A subject that is no secret stands in no earlier version; where it has a salt, it
    is not shown that the owner committed to nothing else about it, under another.
    """
    check = _Check(app, data, network)
    checked = walk((check.spelling, check.rows, check.owner, check.first), [])
    return checked, check.opened if checked.ok else None


class _Check:
    """The state of one verification."""

    def __init__(self, app: Application, data: bytes, network: bytes) -> None:
        self.app, self.data, self.network = app, data, network
        self.opening: Opening
        self.dataset: bytes
        self.version: Version
        self.subject: SubjectOpening
        self.opened: Opened

    def spelling(self) -> str:
        if not self.data.startswith(MAGIC):
            raise Wrong("the file does not begin as an opening does")
        self.opening = decode_record(Opening, self.data[len(MAGIC) :], size_max=_BYTES_MAX)
        return f"the file is an opening of {len(self.data):,} bytes in its one spelling"

    def rows(self) -> str:
        verdict = proved(self.app, self.opening.shown, self.network, "the rows")
        key, value = _entry(verdict)
        parts = VERSIONS.read_key(key)
        subject = None if verdict.proof is None else verdict.proof.extra.subject
        if parts is None or not isinstance(parts[0], bytes) or subject is None or subject.rows is None:
            raise Wrong("the rows: the proof opens no subject of a data set's version")
        self.dataset, self.subject = parts[0], subject
        self.version = decode_record(Version, value)
        return f"these rows stand for the subject, under its salt, in version {self.version.number}"

    def owner(self) -> str:
        key, value = _entry(proved(self.app, self.opening.owner, self.network, "the owner"))
        if ASSETS.read_key(key) != (self.dataset,):
            raise Wrong("the owner: the proof is of another entry than the data set's")
        asset = decode_record(Asset, value)
        try:
            rows = convert(decode(self.subject.rows or b""), tuple[bytes, ...], builtin_types=(bytes,))
        except ValidationError:
            raise Wrong("the rows are none of a data set") from None
        first = self.subject.salt == KNOWN_SALT
        self.opened = Opened(asset, self.version, self.subject.subject, rows, first)
        return f"the data set is {asset.name} of {asset.owner}"

    def first(self) -> str:
        if not self.opened.first:
            if self.opening.before:
                raise Wrong(
                    "earlier versions can be shown of a subject that is no secret, and this one has a salt"
                )
            return "the subject has a salt: under another the data set may say other things of it"
        if len(self.opening.before) != self.version.number - 1:
            raise Wrong(
                f"it is not shown of each version before {self.version.number} that the subject is absent"
            )
        for number, proof in enumerate(self.opening.before, 1):
            verdict = proved(self.app, proof, self.network, f"version {number}")
            key, _ = _entry(verdict)
            absent = None if verdict.proof is None else verdict.proof.extra.subject
            if VERSIONS.read_key(key) != (self.dataset, number) or absent is None:
                raise Wrong(f"version {number}: the proof is of another entry")
            if (absent.subject, absent.salt, absent.rows) != (self.subject.subject, KNOWN_SALT, None):
                raise Wrong(f"version {number}: it is not the subject's absence that is shown")
        return "the data set says nothing else of the subject in this version, and nothing in an earlier one"


def _entry(verdict: Verdict) -> tuple[bytes, bytes]:
    """The key and value of a state entry that is shown to be there; raises Wrong."""
    state = None if verdict.proof is None else verdict.proof.extra.state
    if state is None or state.value is None:
        raise Wrong("the proof shows no entry")
    return state.key, state.value
