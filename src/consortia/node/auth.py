"""Who asks: a registered key that signed the request, a registered certificate, or the home's own programs.

A signed request is taken by the node of the member that it names, within 60 s of this node's clock, and once.
The home's token, and a session of the console that it made (which only reads), are taken from this machine
alone. A token that the owner made for somebody (`tokens`) is taken from anywhere, for what it names alone.
Anybody may hand in a transaction, which carries its own signature, and knock at `join`. The key of a person
whom a member enrolled is no member's: it opens nothing.
"""

import hmac
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from consortia.base.codec import Malformed
from consortia.base.refusals import Refusal
from consortia.kernel.ports import KeyState
from consortia.modules.identity.person_types import PERSON
from consortia.node.passes import is_session
from consortia.node.refusals import OTHER_AUDIENCE, OUT_OF_SCOPE, REQUESTS_FULL, TOKEN_OVER
from consortia.node.tokens import PREFIX, Find, Scope, noun_of
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
    GIVEN = "a token for some nouns"
    VISITOR = "a session of the console"
    NOBODY = "nothing"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: by what means, of which member, with which key (32 bytes, or empty) and roles.

    `scope` is that of its token; None where the means have no such bounds.
    """

    means: Means
    member: str = ""
    key: bytes = b""
    roles: frozenset[str] = frozenset()
    scope: Scope | None = None

    @property
    def counted(self) -> str:
        """Whose requests these count as: the token's or the member's, empty for nobody's."""
        return self.member if self.scope is None else f"token {self.scope.name}"

    @property
    def known(self) -> bool:
        """Whether this is a member's program or the home's owner."""
        return self.means is not Means.NOBODY


NOBODY = Caller(Means.NOBODY)


class Unauthorised(Exception):
    """A request whose credentials are wrong, or do not open what is asked for.

    The text says what is wrong; `code` is a stable one or empty; `remedy` says what to do, or is empty.
    """

    def __init__(self, text: str, refusal: Refusal | None = None, remedy: str = "") -> None:
        super().__init__(text)
        self.code = "" if refusal is None else refusal.code
        self.remedy = remedy


def permit(caller: Caller, method: str, path: str) -> None:
    """Raise Unauthorised where a caller's token does not open a place: the one check of what tokens may."""
    scope = caller.scope
    if scope is not None and not scope.opens(method, path):
        text = f"the token {scope.name} opens {', '.join(sorted(scope.nouns))}"
        text += "" if scope.acts else ", to read"
        remedy = f"have the home's owner make another: consortia token new NAME --for {noun_of(path)}"
        reads = method in {"GET", "HEAD"} or path.startswith("/v1/query/")
        raise Unauthorised(text, OUT_OF_SCOPE, remedy if reads else f"{remedy} --act")


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
        tokens: Find = lambda _text, _now: None,
    ) -> None:
        """Guard the node of `member`; `key_state` reads a key from the ledger, `token` is the home's.

        `awaited` tells of a public key that acts no more whether it still has to cosign the change by which
        it was put out of force: until then it may synchronise. `clock` is told by how many ms a member's node
        is ahead of this one's clock; `tokens` tells what one of those that the owner made opens.
        """
        self._network, self._member = network, member
        self._token = token.encode()
        self._key_state, self._awaited, self._clock = key_state, awaited, clock
        self._tokens = tokens
        self._seen: dict[str, OrderedDict[bytes, int]] = {}

    def caller(self, presented: Presented, request: Request, now: int) -> Caller:
        """Who sent the request, at UTC milliseconds `now`; raises Unauthorised for wrong credentials."""
        scheme, _, rest = presented.header.partition(" ")
        if scheme == SCHEME:
            return self._signed(presented.header, request, now)
        if scheme == "Bearer":
            if rest.startswith(PREFIX):
                return self._given(rest, now)
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

    def plausible(self, presented: Presented, now: int) -> bool:
        """Whether the credentials name somebody, before the body that a signature covers is read."""
        scheme, _, rest = presented.header.partition(" ")
        if scheme == SCHEME:
            try:
                return self._key_state(self._addressed(presented.header).key) is not None
            except Unauthorised:
                return False
        if scheme == "Bearer":
            if rest.startswith(PREFIX):
                return self._tokens(rest, now) is not None
            return presented.loopback and hmac.compare_digest(rest.encode(), self._token)
        return presented.certified is not None

    def stands(self, caller: Caller, header: str, now: int) -> bool:
        """Whether the token in a caller's Authorization header, or its key, still lets it in."""
        if caller.means is Means.GIVEN:
            return self._tokens(header.partition(" ")[2], now) is not None
        state = self._key_state(caller.key) if caller.means is Means.KEY else None
        return caller.means is not Means.KEY or (state is not None and state.active)

    def _given(self, text: str, now: int) -> Caller:
        scope = self._tokens(text, now)
        if scope is None:
            remedy = "have the home's owner make one: consortia token new NAME --for NOUN"
            raise Unauthorised("no such token is in force: it is over, or was ended", TOKEN_OVER, remedy)
        return Caller(Means.GIVEN, self._member, scope=scope)

    def _signed(self, header: str, request: Request, now: int) -> Caller:
        signed = self._addressed(header)
        state = self._key_state(signed.key)
        if state is None or not (state.active or self._may_still_cosign(state, request)):
            raise Unauthorised(f"the ledger knows no active key {signed.key.hex()}")
        if not signed.valid(state.signer.public, self._network, request):
            raise Unauthorised("the signature is not of this request")
        if PERSON in state.signer.roles:
            raise Unauthorised(
                "a person's key signs transactions, which anybody may hand in, and opens nothing"
            )
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
