"""When a ledger checkpoint is final: who must have signed it.

A checkpoint is final when its note carries a log signature by the node key of a member, and
cosignatures by more than two thirds of the members of the set in force, and no signature that is
unknown or wrong. A note is checked in numbered steps:

1. its origin is the network's;
2. every cosignature line belongs to a member of the set, by name and key (the witness key, or the
   recovery key in its place), no member cosigns twice, and every signature is valid;
3. there is exactly one log signature, and it is valid for such a key of a member of the set;
4. more than two thirds of the members cosigned.
"""

from consortia.base.ids import cosigner_name, origin
from consortia.base.note import Checkpoint, Note, NoteSignature, is_cosignature, is_log_signature
from consortia.exact.tally import quorum
from consortia.kernel.block import MemberSet


class NotFinal(ValueError):
    """A checkpoint that the member set did not make final; the text names what is missing or wrong."""


def cosigners(note: Note, network: bytes, members: MemberSet) -> list[str]:
    """Steps 1 to 3: the members whose valid cosignatures the note carries, sorted; raises NotFinal."""
    checkpoint = note.checkpoint
    if checkpoint.origin != origin(network):
        raise NotFinal(f"the checkpoint is of {checkpoint.origin}, not of this network")
    names: list[str] = []
    logs = 0
    for signature in note.signatures:
        if signature.name == checkpoint.origin:
            logs += 1
            if not signed_by(signature, checkpoint, members):
                raise NotFinal("the log signature is not valid for the node key of any member of the set")
        else:
            names.append(_cosigner(signature, checkpoint, network, members))
            if names[-1] in names[:-1]:
                raise NotFinal(f"{names[-1]} cosigned twice")
    if logs != 1:
        raise NotFinal(f"the checkpoint carries {logs} log signatures, not one")
    return sorted(names)


def signed_by(signature: NoteSignature, checkpoint: Checkpoint, members: MemberSet) -> str | None:
    """The member whose witness or recovery key made this log signature, or None."""
    for member in members.members:
        for public in (member.witness, member.recovery):
            if is_log_signature(signature, checkpoint, public):
                return member.name
    return None


def _cosigner(signature: NoteSignature, checkpoint: Checkpoint, network: bytes, members: MemberSet) -> str:
    for member in members.members:
        name = cosigner_name(member.name, network)
        if name == signature.name:
            for public in (member.witness, member.recovery):
                if is_cosignature(signature, checkpoint, name, public):
                    return member.name
            raise NotFinal(f"the cosignature of {member.name} is not valid")
    raise NotFinal(f"{signature.name} cosigned, but is not in the member set at this size")


def check_final(note: Note, network: bytes, members: MemberSet) -> list[str]:
    """The members who cosigned a final checkpoint; raises NotFinal naming the failed step."""
    names = cosigners(note, network, members)
    needed = quorum(len(members.members))
    if len(names) < needed:
        raise NotFinal(f"{len(names)} of {len(members.members)} members cosigned, {needed} are needed")
    return names
