"""What assets promise of every block: sentences about two states, whatever the messages between them."""

from collections.abc import Iterator

from consortia.testing.auditors import Entries, Plain
from consortia.testing.auditors.identity_promises import of

_FIXED = ("id", "owner", "name", "kind", "title", "form", "bound", "parents", "study", "height", "time")


def broken(before: Entries, after: Entries) -> Iterator[str]:
    """The promises that do not hold of `after`, or of the step from `before` to it."""
    yield from _kept(before, after)
    yield from _lineage(after)
    yield from _rights(after)


def _kept(before: Entries, after: Entries) -> Iterator[str]:
    """Nothing registered goes or becomes another; what is withdrawn or erased stays so."""
    for key, entry in before.items():
        now = after.get(key)
        if now is None:
            yield f"an entry of {key[0]} is gone"
        elif key[0] in {"names", "children"} and now != entry:
            yield f"an entry of {key[0]} is another"
        elif key[0] == "versions":
            marked = {**entry, "erased": now["erased"]}
            if now != marked or entry["erased"] not in {None, now["erased"]}:
                yield "a version is another than it was"
        elif key[0] == "assets":
            if any(now[part] != entry[part] for part in _FIXED) or now["version"] < entry["version"]:
                yield f"{entry['owner']}/{entry['name']} is another than it was"
            if entry["withdrawn"] is not None and (now["withdrawn"], now["version"]) != (
                entry["withdrawn"],
                entry["version"],
            ):
                yield f"{entry['owner']}/{entry['name']} went on after it was withdrawn"


def _lineage(after: Entries) -> Iterator[str]:
    """Every asset leads back to ones without parents, by versions that stand."""
    for (id_,), asset in of(after, "assets").items():
        seen, walk = {id_}, [parent["asset"] for parent in asset["parents"]]
        for parent in asset["parents"]:
            if ("versions", parent["asset"], parent["version"]) not in after:
                yield f"{asset['owner']}/{asset['name']} came from nothing"
        while walk:
            at = walk.pop()
            if at == id_:
                yield f"{asset['owner']}/{asset['name']} came from itself"
            elif at not in seen:
                seen.add(at)
                walk += [parent["asset"] for parent in after["assets", at]["parents"]]


def _rights(after: Entries) -> Iterator[str]:
    """Nobody may with a thing what its parents did not let it; no owner is locked out of its own."""
    for asset in of(after, "assets").values():
        for name in ("process", "download"):
            right = asset["rights"][name]
            for one in right:
                if asset["bound"] is not None and not _let(asset["bound"][name], one):
                    yield f"{one['grantee']} may {name} {asset['name']} beyond its parents"
                if len(one["purposes"]) > 16:
                    yield f"{one['grantee']} has too many purposes"
            named = {one["grantee"] for one in right}
            if asset["bound"] is None and not named & {asset["owner"], "*"}:
                yield f"{asset['owner']} may not {name} its own {asset['name']}"


def _let(bound: list[Plain], one: Plain) -> bool:
    """Whether a bound lets a grantee do all that a permission says."""
    given = {
        purpose
        for other in bound
        if other["grantee"] in {one["grantee"], "*"}
        for purpose in other["purposes"]
    }
    return "*" in given or set(one["purposes"]) <= given
