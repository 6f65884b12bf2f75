"""What a member asks about its persons, and a person about itself."""

from consortia.base.codec import Name, PublicKey, Record, SignatureBytes


class Enrol(Record, frozen=True):
    """Let a person sign what concerns it, under a label that was never given.

    `possession` is the signature, by the person's key, of the claim that it becomes this member's person.
    """

    label: Name
    key: PublicKey
    possession: SignatureBytes


class Rekey(Record, frozen=True):
    """Sign with another key from the next block on; the person itself asks, with the key that acts now."""

    key: PublicKey
    possession: SignatureBytes


class Release(Record, frozen=True):
    """End all that a person's key may do, but withdraw: as its member, or as the person itself."""

    label: Name
