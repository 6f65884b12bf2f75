"""What a member asks about its own agents."""

from consortia.base.codec import Digest, Milliseconds, Name, PublicKey, Record, SignatureBytes
from consortia.modules.identity.mandate_types import Caps, Classes, Delay, Methods, Pin, Window


class GrantMandate(Record, frozen=True):
    """Let an agent act for the own member; the fields are those of `Mandate`.

    `possession` is the agent key's signature of the claim that it becomes this agent's.
    """

    agent: Name
    key: PublicKey
    possession: SignatureBytes
    pin: Pin
    methods: Methods
    classes: Classes
    caps: Caps
    window: Window
    delay: Delay
    expires: Milliseconds


class EndMandate(Record, frozen=True):
    """End a mandate of the own member, at once: any key of the member will do."""

    mandate: Digest
