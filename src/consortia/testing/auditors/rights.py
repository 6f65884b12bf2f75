"""Rights in plain words: for each grantee the set of purposes; "*" is everyone, and any purpose."""

from collections.abc import Iterable

from consortia.modules.assets.types import Permission, Right
from consortia.testing.auditors import Plain

Held = dict[str, set[str]]
"""What each grantee holds by its own name."""

Both = dict[str, Held]
"""The two rights of an asset: `process` and `download`."""

NAMES = ("process", "download")
PERMISSIONS_MAX = 256
PURPOSES_MAX = 16


def held(right: Right) -> Held:
    """A list of permissions as what each grantee holds."""
    found: Held = {}
    for permission in right:
        found.setdefault(permission.grantee, set()).update(permission.purposes)
    return tidy(found)


def tidy(found: Held) -> Held:
    """Whoever holds any purpose holds just that; whoever holds none is not named."""
    return {who: {"*"} if "*" in what else set(what) for who, what in found.items() if what}


def may(right: Held, who: str) -> set[str]:
    """What `who` may use a right for, by its own name or as anyone."""
    return right.get(who, set()) | right.get("*", set())


def both(*purposes: set[str]) -> set[str]:
    """The purposes that stand in all of these, each "*" standing for every purpose."""
    narrow = [some for some in purposes if "*" not in some]
    return set.intersection(*narrow) if narrow else {"*"}


def goes_beyond(right: Held, bound: Held) -> bool:
    """Whether somebody may, by `right`, what `bound` does not let it."""
    return any("*" not in may(bound, who) and not what <= may(bound, who) for who, what in right.items())


def too_large(right: Held) -> bool:
    """Whether a right has more permissions or purposes than the limits."""
    return len(right) > PERMISSIONS_MAX or any(len(what) > PURPOSES_MAX for what in right.values())


def shared(parts: list[Held]) -> Held:
    """What all of these allow: the rights of what is made from them.

    Of one thing the permissions as they stand; of several, all whom any of them names, each with what it
    may do by its own name or as anyone in every one of them.
    """
    if len(parts) == 1:
        return cut(parts[0])
    named = {who for part in parts for who in part} | {"*"}
    return cut({who: both(*(may(part, who) for part in parts)) for who in named})


def summed(parts: list[Held]) -> Held:
    """What a sum over members' data allows.

    Whomever any of them names, for what it is named for, as far as all of them share the purpose; and
    everyone only for what every one of them is open to everyone for.
    """
    common = both(*(set().union(*part.values()) for part in parts))
    named = {who for part in parts for who in part} - {"*"}
    found = {who: both(common, set().union(*(part.get(who, set()) for part in parts))) for who in named}
    found["*"] = both(*(part.get("*", set()) for part in parts))
    return cut(found)


def cut(found: Held) -> Held:
    """A combined right within the limits: the first grantees, and of each the first purposes, by name."""
    kept = sorted(tidy(found).items())[:PERMISSIONS_MAX]
    return {who: set(sorted(what)[:PURPOSES_MAX]) for who, what in kept}


def owned(right: Held, owner: str) -> Held:
    """A right that names its owner, for what it names at all, or for anything where it names nothing."""
    return tidy({owner: set().union(*right.values()) or {"*"}, **right})


def written(right: Held) -> list[Plain]:
    """A right as it stands on the ledger."""
    return [{"grantee": who, "purposes": sorted(what)} for who, what in sorted(tidy(right).items())]


def permissions(found: Held) -> tuple[Permission, ...]:
    """A right as a message has it."""
    return tuple(Permission(who, tuple(sorted(what))) for who, what in sorted(found.items()))


def without(right: Held, who: Iterable[str], purposes: set[str] | None) -> Held | None:
    """A right without these purposes (None: without any) for these grantees; None if one has them not."""
    if any(name not in right or not (purposes or set()) <= right[name] for name in who):
        return None
    gone = {name: set() if purposes is None else right[name] - purposes for name in who}
    return tidy({**right, **gone})
