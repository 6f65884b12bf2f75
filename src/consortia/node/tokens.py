"""Tokens that a home's owner gives to people: for some nouns, to read or to act, until a day.

A token is `consortia_NAME_SECRET`. The home's file `tokens.json` keeps the hash of each, what it opens and
until when, and never the token itself; a running node sees at once what is made or ended. A noun is a module
of the law (`training`), one query or message of it (`training.join`), or the first word of a place's path
after `/v1/` (`blobs`, `events`); `console` is the console's pages, and `*` everything.
"""

import fcntl
import hmac
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from consortia.base.hashing import tagged
from consortia.base.ids import is_name
from consortia.base.times import DAY
from consortia.node.home import write_private

FILE = "tokens.json"
PREFIX = "consortia_"
EVERYTHING = "*"
TOKENS_MAX = 1_000
DAYS_MAX = 366
_NOUN = re.compile(r"(\*|[a-z][a-z-]{0,31}(\.[a-z][a-z_]{0,47})?)\Z")


class TokenError(ValueError):
    """A token that cannot be made or ended; the text says why."""


class Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of a token: its name, the hash of its secret, what it opens, and its times in UTC ms."""

    name: str
    hash: str
    nouns: tuple[str, ...]
    acts: bool
    made: int
    expires: int


@dataclass(frozen=True, slots=True)
class Scope:
    """What a token opens: its name, its nouns, and whether it acts or only reads."""

    name: str
    nouns: frozenset[str]
    acts: bool

    def opens(self, method: str, path: str) -> bool:
        """Whether a request is within the scope; asking a query by POST is reading."""
        noun, one = _named(path)
        reads = method in {"GET", "HEAD"} or path.startswith("/v1/query/")
        return (reads or self.acts) and not self.nouns.isdisjoint({EVERYTHING, noun, f"{noun}.{one}"})


def noun_of(path: str) -> str:
    """The noun that a path speaks of."""
    return _named(path)[0]


def _named(path: str) -> tuple[str, str]:
    """The noun that a path speaks of, and the query or method, empty where it names none."""
    parts = path.strip("/").split("/")
    if parts[0] != "v1":
        return parts[0], ""
    if len(parts) == 4 and parts[1] in {"query", "build"}:
        return parts[2], parts[3]
    return (parts[1] if len(parts) > 1 else ""), ""


class Tokens:
    """The tokens of a home. `new`, `end` and `all` read the file anew; `find` looks whether it changed."""

    def __init__(self, home: Path) -> None:
        self._file = home / FILE
        self._seen: tuple[int, int] | None = None
        self._known: dict[str, Token] = {}

    def all(self) -> tuple[Token, ...]:
        """Every token, by name, those that are over among them; raises TokenError for a damaged file."""
        try:
            found = msgspec.json.decode(self._file.read_bytes(), type=tuple[Token, ...])
        except FileNotFoundError:
            return ()
        except ValueError as error:
            raise TokenError(f"{self._file} cannot be read: {error}") from None
        return tuple(sorted(found, key=lambda one: one.name))

    def new(self, name: str, nouns: Iterable[str], *, acts: bool, days: int, now: int) -> str:
        """Make a token at `now` and give it, this once; raises TokenError. One that is over makes room."""
        wanted = tuple(sorted(set(nouns)))
        if not is_name(name):
            raise TokenError("a name is 1 to 32 of a-z, 0-9 and -")
        if not wanted or not all(_NOUN.match(noun) for noun in wanted):
            raise TokenError("a noun is a module, a module.method, a word after /v1/, console, or *")
        if not 1 <= days <= DAYS_MAX:
            raise TokenError(f"a token lasts 1 to {DAYS_MAX} days")
        secret = secrets.token_urlsafe(32)
        made = Token(name, _hash(secret), wanted, acts, now, now + days * DAY)
        with self._alone():
            others = [one for one in self.all() if one.expires > now]
            if any(one.name == name for one in others):
                raise TokenError(f"there is a token {name} already; end it first")
            if len(others) >= TOKENS_MAX:
                raise TokenError(f"a home has at most {TOKENS_MAX} tokens")
            self._write([*others, made])
        return f"{PREFIX}{name}_{secret}"

    def end(self, name: str) -> Token:
        """End a token at once; raises TokenError where there is none of that name."""
        with self._alone():
            known = self.all()
            for one in known:
                if one.name == name:
                    self._write([other for other in known if other is not one])
                    return one
        raise TokenError(f"there is no token {name}")

    def find(self, text: str, now: int) -> Scope | None:
        """What a token opens at `now`; None where it was never made, was ended, or is over."""
        name, _, secret = text.removeprefix(PREFIX).partition("_")
        found = self._current().get(name)
        if found is None or found.expires <= now or not hmac.compare_digest(found.hash, _hash(secret)):
            return None
        return Scope(found.name, frozenset(found.nouns), found.acts)

    def _current(self) -> dict[str, Token]:
        try:
            stat = self._file.stat()
        except FileNotFoundError:
            return {}
        seen = (stat.st_mtime_ns, stat.st_ino)
        if seen != self._seen:
            self._known, self._seen = {one.name: one for one in self.all()}, seen
        return self._known

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the file for a change: of two at once, the second would bring back what the first ended."""
        lock = os.open(self._file.with_name(f"{FILE}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _write(self, tokens: list[Token]) -> None:
        write_private(self._file, msgspec.json.encode(tokens))


Find = Callable[[str, int], Scope | None]
"""What a token opens at a time, as `Tokens.find` tells."""


def _hash(secret: str) -> str:
    return tagged("consortia/token", secret.encode("utf-8", "replace")).hex()
