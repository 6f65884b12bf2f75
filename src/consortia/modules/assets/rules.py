"""The algebra of rights: pure functions over permissions.

A right says for which purposes each grantee may do one thing. The *reach* of a member is the
union of what it holds by name and what everyone holds. Three ways to combine the rights of parents:

- `derive`: what is made from several parents may be used as far as *all* of them may (intersection);
- `aggregate`: a sum over members' data, which shows no one's share, may be used by the members whom
  *any* part names (union over members), for the purposes that *all* parts share; by everyone only
  where all parts are open to everyone, since who knows every part but one could subtract;
- `widen`: what an owner grants in addition (union).

The profile is a small part of ODRL 2.2: a permission with an action (the right), an assignee (the
grantee) and a purpose constraint; GA4GH Data Use Ontology terms can serve as purposes.
"""

from collections.abc import Iterable
from functools import reduce

from consortia.modules.assets.types import (
    ANY,
    EVERYONE,
    PERMISSIONS_MAX,
    PURPOSES_MAX,
    Form,
    Kind,
    Permission,
    Right,
    RightName,
    Rights,
)

Purposes = frozenset[str]
_Reach = dict[str, Purposes]

FORMS: dict[Kind, tuple[Form, ...]] = {
    "batch": ("batch",),
    "dataset": ("batch", "blob", "set"),
    "function": ("blob",),
    "model": ("blob",),
}
"""The forms that the commitment of each kind of asset may have."""


def fits(kind: Kind, form: Form, count: int, subjects: int | None) -> bool:
    """Whether a commitment of this form suits the kind; subjects are counted exactly where it is a set."""
    if form not in FORMS[kind] or (subjects is None) != (form != "set"):
        return False
    return subjects is None or subjects <= count


def right_of(rights: Rights, name: RightName) -> Right:
    """The right called `name`."""
    return rights.process if name == "process" else rights.download


def with_right(rights: Rights, name: RightName, right: Right) -> Rights:
    """`rights` with the right called `name` replaced."""
    return Rights(right, rights.download) if name == "process" else Rights(rights.process, right)


def reach(right: Right, grantee: str) -> Purposes:
    """The purposes for which `grantee` may use a right: its own and everyone's."""
    held = _held(right)
    return held.get(grantee, _NONE) | held.get(EVERYONE, _NONE)


def allows(right: Right, grantee: str, purpose: str) -> bool:
    """Whether `grantee` may use a right for `purpose`; the purpose "*" asks for all purposes."""
    held = reach(right, grantee)
    return purpose in held or ANY in held


def owned(rights: Rights | None, owner: str) -> Rights:
    """Rights in normal form that name their owner.

    An owner that a right does not name gets every purpose which the right names, or any where it
    names none; None is a right for the owner alone, for any purpose.
    """
    if rights is None:
        rights = Rights((), ())
    return Rights(_owned(rights.process, owner), _owned(rights.download, owner))


def derive(*rights: Rights) -> Rights:
    """What may be done with something made from all of these: the intersection, within the limits."""
    return Rights(_derive([r.process for r in rights]), _derive([r.download for r in rights]))


def aggregate(*rights: Rights) -> Rights:
    """What may be done with a sum over members' data: union over members, shared purposes, cut to limits."""
    return Rights(_aggregate([r.process for r in rights]), _aggregate([r.download for r in rights]))


def widen(right: Right, more: Right) -> Right:
    """A right with further permissions: the union."""
    return _right(_join(_held(right), _held(more)))


def narrow(right: Right, grantees: Iterable[str], purposes: Iterable[str] | None) -> Right | None:
    """A right without these purposes (None: all) for the grantees; None when one does not hold them."""
    held = _held(right)
    gone = None if purposes is None else frozenset(purposes)
    for grantee in sorted(set(grantees)):
        before = held.get(grantee)
        if before is None or (gone is not None and not gone <= before):
            return None
        held[grantee] = _NONE if gone is None else before - gone
    return _right(held)


def within(right: Right, bound: Right) -> bool:
    """Whether a right goes nowhere beyond `bound`."""
    return all(
        _includes(reach(bound, permission.grantee), frozenset(permission.purposes)) for permission in right
    )


def small(right: Right) -> bool:
    """Whether a right keeps to the limits on permissions and purposes."""
    return len(right) <= PERMISSIONS_MAX and all(len(one.purposes) <= PURPOSES_MAX for one in right)


_NONE: Purposes = frozenset()


def _held(right: Right) -> _Reach:
    held: _Reach = {}
    for permission in right:
        held[permission.grantee] = held.get(permission.grantee, _NONE) | frozenset(permission.purposes)
    return held


def _right(held: _Reach) -> Right:
    """The normal form: by grantee, purposes sorted, "*" alone where it is among them, nothing empty."""
    return tuple(
        Permission(grantee, (ANY,) if ANY in purposes else tuple(sorted(purposes)))
        for grantee, purposes in sorted(held.items())
        if purposes
    )


def _owned(right: Right, owner: str) -> Right:
    held = _held(right)
    named: Purposes = frozenset().union(*held.values())
    held.setdefault(owner, named or frozenset((ANY,)))
    return _right(held)


def _cut(right: Right) -> Right:
    """A combined right with what is beyond the limits left out, which only ever allows less."""
    return tuple(Permission(one.grantee, one.purposes[:PURPOSES_MAX]) for one in right[:PERMISSIONS_MAX])


def _derive(parts: list[Right]) -> Right:
    return _cut(_right(reduce(_meet, (_held(part) for part in parts))))


def _join(one: _Reach, other: _Reach) -> _Reach:
    """The union."""
    names = sorted(set(one) | set(other))
    return {name: one.get(name, _NONE) | other.get(name, _NONE) for name in names}


def _meet(one: _Reach, other: _Reach) -> _Reach:
    """The intersection of two rights, by grantee; what a member holds through everyone counts as its own."""
    everyone = _common(one.get(EVERYONE, _NONE), other.get(EVERYONE, _NONE))
    met: _Reach = {EVERYONE: everyone}
    for name in sorted((set(one) | set(other)) - {EVERYONE}):
        mine = one.get(name, _NONE) | one.get(EVERYONE, _NONE)
        theirs = other.get(name, _NONE) | other.get(EVERYONE, _NONE)
        met[name] = _common(mine, theirs)
    return met


def _aggregate(parts: list[Right]) -> Right:
    reaches = [_held(part) for part in parts]
    purposes = reduce(_common, (frozenset[str]().union(*held.values()) for held in reaches))
    joined = reduce(_join, reaches)
    summed = {name: _common(purposes, held) for name, held in joined.items() if name != EVERYONE}
    summed[EVERYONE] = reduce(_common, (held.get(EVERYONE, _NONE) for held in reaches))
    return _cut(_right(summed))


def _common(one: Purposes, other: Purposes) -> Purposes:
    """The purposes in both, "*" being in every purpose's place."""
    if ANY in one:
        return other
    return one if ANY in other else one & other


def _includes(bound: Purposes, purposes: Purposes) -> bool:
    return ANY in bound or purposes <= bound
