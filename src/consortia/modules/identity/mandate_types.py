"""The records of mandates: what an agent may do, for whom, how much and how long."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U63, Digest, Milliseconds, Name, PublicKey, Record
from consortia.base.times import DAY
from consortia.kernel.transaction import METHOD_CHARACTERS_MAX, METHOD_PATTERN

LIFETIME_MILLISECONDS_MAX = 90 * DAY
"""A mandate expires at most so long after the block that grants it: 90 days."""

WINDOW_MILLISECONDS_MAX = 31 * DAY
DELAY_MILLISECONDS_MAX = 31 * DAY
AGENTS_MAX = 64
"""A member gives at most so many names to agents, one live mandate to each."""

METHODS_MAX = 32
CLASSES_MAX = 16
CAPS_MAX = 16

AGENT = "agent"
"""The role under which an agent's key signs. A method that does not name it is for others."""

ACT = "predictions.act"
"""What every transaction of an agent begins with, where its acts take effect at once."""

DEFER = "predictions.defer"
"""What every transaction of an agent consists of, where its acts wait."""

MethodName = Annotated[str, Meta(max_length=METHOD_CHARACTERS_MAX, pattern=METHOD_PATTERN)]
Methods = Annotated[tuple[MethodName, ...], Meta(min_length=1, max_length=METHODS_MAX)]
Classes = Annotated[tuple[Name, ...], Meta(max_length=CLASSES_MAX)]
Window = Annotated[int, Meta(ge=1, le=WINDOW_MILLISECONDS_MAX)]
Delay = Annotated[int, Meta(ge=0, le=DELAY_MILLISECONDS_MAX)]
Wide = Annotated[bytes, Meta(min_length=16, max_length=16)]
"""An unsigned integer of 128 bits, big-endian: a sum of amounts that never overflows."""


class Pin(Record, frozen=True):
    """What an agent runs, to the byte: the asset of a model and its blob id, or the hash of a program.

    A program has no asset; its `content` is the hash of its source.
    """

    asset: Digest | None
    content: Digest


class Cap(Record, frozen=True):
    """How much of a unit may leave the owner's hands: by one act, and by all its agents in a window."""

    unit: Digest
    per_act: U63
    per_window: U63


Caps = Annotated[tuple[Cap, ...], Meta(max_length=CAPS_MAX)]


class AgentClaim(Record, frozen=True):
    """What an agent's key signs to show that it is held: whose agent it becomes, and under which name."""

    owner: Name
    agent: Name
    key: PublicKey


class Mandate(Record, frozen=True):
    """What an agent may do for its owner: methods, classes of decisions, caps, and until when.

    `window` is the length over which outflow is summed, `delay` how long each act waits before it takes
    effect; times are block times. `key` is the id of the agent's key, which serves no other mandate, ever.
    """

    id: Digest
    owner: Name
    agent: Name
    key: Digest
    pin: Pin
    methods: Methods
    classes: Classes
    caps: Caps
    window: Window
    delay: Delay
    granted: Milliseconds
    expires: Milliseconds
    ended: Milliseconds | None


class Named(Record, frozen=True):
    """The newest mandate of an agent."""

    mandate: Digest


class Outflow(Record, frozen=True):
    """What an owner's agents spent of a unit, ever (`total`): marks `first` to `next` - 1 say when.

    `spent` is what the transaction `transaction` spent so far, the last that spent any.
    """

    first: U63
    next: U63
    total: Wide
    transaction: Digest
    spent: U63


class Mark(Record, frozen=True):
    """What had been spent by the end of a block time, and in all before."""

    time: Milliseconds
    total: Wide


class MandateGranted(Record, frozen=True):
    """Event: an agent may act for its owner from the next block on."""

    mandate: Digest
    owner: Name
    agent: Name
    key: Digest
    expires: Milliseconds


class MandateEnded(Record, frozen=True):
    """Event: an agent acts no more. `by` is who ended it: its owner, or the body that may."""

    mandate: Digest
    owner: Name
    agent: Name
    by: Name


MANDATE_EVENTS: tuple[type[Record], ...] = (MandateGranted, MandateEnded)
