"""An auditor of the ledger: a slow model, written from what is promised, that predicts every answer.

It knows of keys, sequences, expiries and blocks what the reference pages say, and of assets who owns what,
who may use it, and what was closed. It reads no state of the machine and calls none of its rules.
"""

from dataclasses import dataclass, field

OK = "ok"
ALL = "*"


@dataclass(slots=True)
class Thing:
    """An asset: whose it is, of what kind, who may process it for what, and its versions."""

    owner: str
    kind: str
    form: str
    allowed: dict[str, set[str]]
    limit: dict[str, set[str]] | None
    parents: tuple[tuple[bytes, int], ...]
    versions: list[bytes]
    erased: set[int] = field(default_factory=set)
    withdrawn: bool = False


@dataclass(slots=True)
class Key:
    """A key: its member, its one role, and whether it still acts."""

    member: str
    role: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """What a transaction says of itself, as the auditor is told it."""

    key: bytes
    sequence: int
    expires: int
    roles: frozenset[str]
    lane: int = 0
    home: bool = True
    signed: bool = True


class Auditor:
    """The model of one network. `most` is how many transactions a block holds."""

    def __init__(self, keys: dict[bytes, Key], most: int) -> None:
        """Start with these keys and no asset."""
        self.keys, self.most = keys, most
        self.members = {key.member for key in keys.values()}
        self.next: dict[tuple[bytes, int], int] = {}
        self.held = 0
        self.time = 0
        self.things: dict[bytes, Thing] = {}
        self.names: set[tuple[str, str]] = set()
        self._revoked: list[bytes] = []

    def begin(self, time: int) -> None:
        """A block begins; what was decided of keys in the block before is now in force."""
        self.held, self.time = 0, time
        for key in self._revoked:
            self.keys[key].active = False
        self._revoked = []

    def admit(self, asked: Asked) -> str:
        """Whether a well-formed transaction may stand in the block."""
        key = self.keys.get(asked.key)
        following = self.next.get((asked.key, asked.lane), 0)
        faults = (
            (not asked.home, "wrong_network"),
            (key is None, "unknown_key"),
            (key is not None and not key.active, "revoked_key"),
            (key is not None and key.role not in asked.roles, "wrong_role"),
            (asked.expires < self.time, "expired"),
            (asked.sequence < following, "replayed"),
            (asked.sequence > following, "out_of_order"),
            (self.held >= self.most, "block_full"),
            (not asked.signed, "bad_signature"),
        )
        for holds, name in faults:
            if holds:
                return f"kernel.{name}"
        self.next[asked.key, asked.lane] = following + 1
        self.held += 1
        return OK

    def revoke_key(self, key: bytes) -> str:
        """A member's administrator revokes a key of the member."""
        self._revoked.append(key)
        return OK

    def register(
        self,
        owner: str,
        name: str,
        shape: tuple[str, str, int, int | None],
        parents: tuple[tuple[bytes, int], ...],
        made: tuple[bytes, bytes],
    ) -> str:
        """A member registers an asset; `made` are the id it would get and what it commits to."""
        if not _fits(*shape):
            return "assets.wrong_form"
        if (owner, name) in self.names:
            return "assets.name_taken"
        found = [self.things.get(asset) for asset, _ in parents]
        for thing, (_, version) in zip(found, parents, strict=True):
            if thing is None or not 1 <= version <= len(thing.versions):
                return "assets.unknown_parent"
        if len({asset for asset, _ in parents}) < len(parents):
            return "assets.repeated_parent"
        if any(self._closed(parent) for parent in parents):
            return "assets.parent_closed"
        things = [thing for thing in found if thing is not None]
        if any(owner not in thing.allowed for thing in things):
            return "assets.parent_forbidden"
        limit = _common([thing.allowed for thing in things]) if things else None
        allowed = {owner: {ALL}} if limit is None else {who: set(what) for who, what in limit.items()}
        asset, commitment = made
        self.things[asset] = Thing(owner, shape[0], shape[1], allowed, limit, parents, [commitment])
        self.names.add((owner, name))
        return OK

    def version(self, by: str, asset: bytes, commitment: bytes, count: int, subjects: int | None) -> str:
        """A member puts a new version of a data set in force."""
        code, thing = self._own(by, asset, closed=True)
        if thing is None:
            return code
        if not _fits(thing.kind, thing.form, count, subjects):
            return "assets.wrong_form"
        if thing.kind != "dataset":
            return "assets.fixed"
        if thing.versions[-1] == commitment:
            return "assets.unchanged"
        thing.versions.append(commitment)
        return OK

    def grant(self, by: str, asset: bytes, who: str, purpose: str) -> str:
        """A member lets another process an asset for a purpose."""
        code, thing = self._own(by, asset, closed=True)
        if thing is None:
            return code
        if who not in self.members:
            return "assets.unknown_member"
        if any(self._closed(parent) for parent in thing.parents):
            return "assets.parent_closed"
        if thing.limit is not None and not {purpose, ALL} & thing.limit.get(who, set()):
            return "assets.exceeds_parents"
        if thing.limit is not None and purpose == ALL and ALL not in thing.limit[who]:
            return "assets.exceeds_parents"
        thing.allowed.setdefault(who, set()).add(purpose)
        return OK

    def revoke(self, by: str, asset: bytes, who: str) -> str:
        """A member takes from another all that it may do with an asset."""
        code, thing = self._own(by, asset, closed=False)
        if thing is None:
            return code
        if who == by:
            return "assets.owner_locked_out"
        if thing.allowed.pop(who, None) is None:
            return "assets.not_granted"
        return OK

    def withdraw(self, by: str, asset: bytes) -> str:
        """A member closes an asset to new use."""
        code, thing = self._own(by, asset, closed=True)
        if thing is None:
            return code
        thing.withdrawn = True
        return OK

    def erase(self, by: str, asset: bytes, version: int) -> str:
        """A member states that what opens a version is destroyed."""
        code, thing = self._own(by, asset, closed=False)
        if thing is None:
            return code
        if not 1 <= version <= len(thing.versions):
            return "assets.unknown_version"
        if version in thing.erased:
            return "assets.already_erased"
        thing.erased.add(version)
        return OK

    def _own(self, by: str, asset: bytes, *, closed: bool) -> tuple[str, Thing | None]:
        thing = self.things.get(asset)
        if thing is None:
            return "assets.unknown_asset", None
        if thing.owner != by:
            return "assets.not_owner", None
        if closed and thing.withdrawn:
            return "assets.withdrawn", None
        return OK, thing

    def _closed(self, parent: tuple[bytes, int]) -> bool:
        asset, version = parent
        thing = self.things[asset]
        return thing.withdrawn or version in thing.erased


def _fits(kind: str, form: str, count: int, subjects: int | None) -> bool:
    if (subjects is not None) != (form == "set") or (subjects or 0) > count:
        return False
    return form == "blob" if kind in {"model", "function"} else form == "batch" if kind == "batch" else True


def _common(parts: list[dict[str, set[str]]]) -> dict[str, set[str]]:
    """What every one of them allows, member by member; all purposes and some are those some."""
    found: dict[str, set[str]] = {}
    for who in set.intersection(*(set(part) for part in parts)):
        narrow = [part[who] for part in parts if ALL not in part[who]]
        shared = set.intersection(*narrow) if narrow else {ALL}
        if shared:
            found[who] = shared
    return found
