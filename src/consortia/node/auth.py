"""Who asks: a registered key that signed the request, a registered certificate, or the home's own programs.

A signed request is taken by the node of the member that it names, within 60 s of this node's clock, and once.
The home's token, and a session of the console that it made (which only reads), are taken from this machine
alone. Anybody may hand in a transaction, which carries its own signature, and knock at `join`.
"""

import hmac
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from consortia.base.codec import Malformed
from consortia.base.refusals import Refusal
from consortia.kernel.ports import KeyState
from consortia.node.passes import is_session
from consortia.node.refusals import OTHER_AUDIENCE, REQUESTS_FULL
from consortia.sdk.signing import SCHEME, Request, SignedRequest, parse_authorization

WINDOW_MILLISECONDS = 60_000
REMEMBERED_MAX = 131_072
"""Of one member's requests, so many are remembered: 22 MB."""

SYNC_TARGET = "/v1/sync"


class Means(Enum):
    """How a caller showed who it is."""

    OWNER = "the home's token"
    KEY = "a registered key"
    CERTIFICATE = "a registered certificate"
    VISITOR = "a session of the console"
    NOBODY = "nothing"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: by what means, of which member, with which key (32 bytes, or empty) and roles."""

    means: Means
    member: str = ""
    key: bytes = b""
    roles: frozenset[str] = frozenset()

    @property
    def known(self) -> bool:
        """Whether this is a member's program or the home's owner."""
        return self.means is not Means.NOBODY


NOBODY = Caller(Means.NOBODY)


class Unauthorised(Exception):
    """A request whose credentials are wrong; the text says what is wrong, `code` is a stable one or empty."""

    def __init__(self, text: str, refusal: Refusal | None = None) -> None:
        super().__init__(text)
        self.code = "" if refusal is None else refusal.code


@dataclass(frozen=True, slots=True)
class Presented:
    """A caller's Authorization header, whether it is on this machine, and the member of its certificate.

    `session` is that of the console, given only where a browser on this machine asks to read.
    """

    header: str
    loopback: bool
    certified: str | None
    session: str = ""


class Gate:
    """Tells callers apart. Not for use from two threads at once."""

    def __init__(
        self,
        network: bytes,
        member: str,
        token: str,
        key_state: Callable[[bytes], KeyState | None],
        *,
        awaited: Callable[[bytes], bool] = lambda _public: False,
        clock: Callable[[str, int], None] = lambda _member, _ahead: None,
    ) -> None:
        """Guard the node of `member`; `key_state` reads a key from the ledger, `token` is the home's.

        `awaited` tells of a public key that acts no more whether it still has to cosign the change by which
        it was put out of force: until then it may synchronise. `clock` is told by how many ms a member's node
        is ahead of this one's clock.
        """
        self._network, self._member = network, member
        self._token = token.encode()
        self._key_state, self._awaited, self._clock = key_state, awaited, clock
        self._seen: dict[str, OrderedDict[bytes, int]] = {}

    def caller(self, presented: Presented, request: Request, now: int) -> Caller:
        """Who sent the request, at UTC milliseconds `now`; raises Unauthorised for wrong credentials."""
        scheme, _, rest = presented.header.partition(" ")
        if scheme == SCHEME:
            return self._signed(presented.header, request, now)
        if scheme == "Bearer":
            if not presented.loopback:
                raise Unauthorised("the home's token is taken from this machine alone")
            if not hmac.compare_digest(rest.encode(), self._token):
                raise Unauthorised("this is not the home's token")
            return Caller(Means.OWNER, self._member)
        if presented.header:
            raise Unauthorised(f"Authorization is by {SCHEME} or Bearer")
        if presented.certified is not None:
            return Caller(Means.CERTIFICATE, presented.certified)
        if (
            presented.session
            and presented.loopback
            and is_session(self._token.decode(), presented.session, now)
        ):
            return Caller(Means.VISITOR, self._member)
        return NOBODY

    def plausible(self, presented: Presented) -> bool:
        """Whether the credentials name somebody, before the body that a signature covers is read."""
        scheme, _, rest = presented.header.partition(" ")
        if scheme == SCHEME:
            try:
                return self._key_state(self._addressed(presented.header).key) is not None
            except Unauthorised:
                return False
        if scheme == "Bearer":
            return presented.loopback and hmac.compare_digest(rest.encode(), self._token)
        return presented.certified is not None

    def _signed(self, header: str, request: Request, now: int) -> Caller:
        signed = self._addressed(header)
        state = self._key_state(signed.key)
        if state is None or not (state.active or self._may_still_cosign(state, request)):
            raise Unauthorised(f"the ledger knows no active key {signed.key.hex()}")
        if not signed.valid(state.signer.public, self._network, request):
            raise Unauthorised("the signature is not of this request")
        if "node" in state.signer.roles and state.active:
            self._clock(state.signer.member, signed.time - now)
        if abs(now - signed.time) > WINDOW_MILLISECONDS:
            raise Unauthorised(f"signed {abs(now - signed.time)} ms from this node's clock")
        self._remember(state.signer.member, signed, now)
        return Caller(Means.KEY, state.signer.member, signed.key, state.signer.roles)

    def _addressed(self, header: str) -> SignedRequest:
        """The parsed header of a request to this node: another's could be one that its node passes on."""
        try:
            signed = parse_authorization(header)
        except Malformed as error:
            raise Unauthorised(str(error)) from None
        if signed.audience != self._member:
            text = f"signed for the node of {signed.audience}, and this is the node of {self._member}"
            raise Unauthorised(text, OTHER_AUDIENCE)
        return signed

    def _may_still_cosign(self, state: KeyState, request: Request) -> bool:
        return request[1].partition("?")[0] == SYNC_TARGET and self._awaited(state.signer.public)

    def _remember(self, member: str, signed: SignedRequest, now: int) -> None:
        """Refuse a request that came before; forget those that are too old to be taken anyway.

        Each member's are kept apart, so that one who sends too many uses up nobody else's memory.
        """
        seen = self._seen.setdefault(member, OrderedDict())
        while seen and next(iter(seen.values())) < now - WINDOW_MILLISECONDS:
            seen.popitem(last=False)
        if signed.nonce in seen:
            raise Unauthorised("this request was sent before")
        if len(seen) >= REMEMBERED_MAX:
            text = f"{member} sent more than {REMEMBERED_MAX} signed requests within a minute"
            raise Unauthorised(text, REQUESTS_FULL)
        seen[signed.nonce] = signed.time
