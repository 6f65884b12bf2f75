"""Proof files that open what a data set's commitment holds of one subject, or show that it holds nothing."""

from collections.abc import Callable

from msgspec.structs import replace as changed

from consortia.base.codec import encode
from consortia.engines.commit.dataset import Absence, Presence
from consortia.kernel.proof import Proof, SubjectOpening, parse_proof
from consortia.modules.assets.state import VERSIONS

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
