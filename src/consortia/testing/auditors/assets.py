"""The auditor of assets: what stands, whose it is, who may use it for what, and what came from what."""

from collections.abc import Iterator

from consortia.base.hashing import tagged
from consortia.modules.assets import messages as asked
from consortia.modules.assets.types import Parent, Right
from consortia.testing.auditors import Entries, Model, Plain, Said, Told, plain, refuse
from consortia.testing.auditors import rights as r
from consortia.testing.auditors.assets_promises import broken
from consortia.testing.auditors.identity import Identity
from consortia.testing.auditors.studio import Make

FORMS = {
    "dataset": {"set", "batch", "blob"},
    "model": {"blob"},
    "function": {"blob"},
    "batch": {"batch"},
}


class Assets(Model):
    """All assets of one network, by id."""

    module = "assets"

    def __init__(self, others: dict[str, Model]) -> None:
        """Start with none."""
        super().__init__(others)
        self.things: dict[bytes, Plain] = {}
        self.rights: dict[bytes, r.Both] = {}
        self.bounds: dict[bytes, r.Both | None] = {}
        self.versions: dict[bytes, list[Plain]] = {}

    def register(self, said: Said, m: asked.Register) -> None:
        """A new asset of the member."""
        refuse("wrong_form", when=not _fits(m.kind, m.form, m.count, m.subjects))
        refuse("name_taken", when=self.named(said.member, m.name) is not None)
        if m.rights is not None:
            self._check_members((*m.rights.process, *m.rights.download))
        bound = self._bound(said.member, m.parents)
        if m.rights is None and bound is not None:
            rights = bound
        else:
            given = {name: r.held(getattr(m.rights, name)) if m.rights else {} for name in r.NAMES}
            rights = {name: r.owned(right, said.member) for name, right in given.items()}
        _check_rights(rights, bound)
        thing = {"owner": said.member, "name": m.name, "kind": m.kind, "title": m.title, "form": m.form}
        self._add(said, {**thing, "study": None}, rights, bound, m.parents)
        self._put(said, self.id(said), plain(m))
        self._tell_registered(said, m.commitment, m.count)

    def new_version(self, said: Said, m: asked.NewVersion) -> None:
        """A data set goes on."""
        thing = self._own(said, m.asset, closed=True)
        refuse("wrong_form", when=not _fits(thing["kind"], thing["form"], m.count, m.subjects))
        refuse("fixed", when=thing["kind"] != "dataset")
        refuse("unchanged", when=self.versions[m.asset][-1]["commitment"] == m.commitment)
        number = self._put(said, m.asset, plain(m))
        self.tell("versioned", asset=m.asset, version=number, commitment=m.commitment, count=m.count)

    def grant(self, said: Said, m: asked.Grant) -> None:
        """More for others, as far as the parents allowed it."""
        thing = self._own(said, m.asset, closed=True)
        self._check_members(m.permissions)
        refuse("parent_closed", when=any(self._closed(*parent) for parent in thing["parents"]))
        given = r.held(m.permissions)
        rights = dict(self.rights[m.asset])
        right = rights[m.right]
        named = {who: right.get(who, set()) | given.get(who, set()) for who in {*right, *given}}
        rights[m.right] = r.tidy(named)
        _check_rights(rights, self.bounds[m.asset])
        self.rights[m.asset] = rights
        self.tell("granted", asset=m.asset, right=m.right, permissions=_as_said(m.permissions))

    def revoke(self, said: Said, m: asked.Revoke) -> None:
        """Less for others."""
        self._own(said, m.asset)
        refuse("owner_locked_out", when=said.member in m.grantees)
        purposes = None if m.purposes is None else set(m.purposes)
        left = r.without(self.rights[m.asset][m.right], m.grantees, purposes)
        if left is None:
            return refuse("not_granted", when=True)
        self.rights[m.asset] = {**self.rights[m.asset], m.right: left}
        listed = None if m.purposes is None else list(m.purposes)
        return self.tell("revoked", asset=m.asset, right=m.right, grantees=list(m.grantees), purposes=listed)

    def withdraw(self, said: Said, m: asked.Withdraw) -> None:
        """No new use, for good."""
        self._own(said, m.asset, closed=True)["withdrawn"] = said.at.time
        self.tell("withdrawn", asset=m.asset)

    def mark_erased(self, said: Said, m: asked.MarkErased) -> None:
        """What opens a version is gone."""
        self._own(said, m.asset)
        refuse("unknown_version", when=not 1 <= m.version <= len(self.versions[m.asset]))
        version = self.versions[m.asset][m.version - 1]
        refuse("already_erased", when=version["erased"] is not None)
        version["erased"] = said.at.time
        self.tell("erased", asset=m.asset, version=m.version)

    def make(self, said: Said, m: Make) -> None:
        """Any member makes a model, as only studies do elsewhere."""
        self.made(said, m, said.member, "made together")

    def told(self, said: Said, m: Make, owner: str, title: str) -> Told:
        """What is told when a study registers its model for `owner`."""
        self._told = []
        self.made(said, m, owner, title)
        return tuple(self._told)

    def made(self, said: Said, m: Make, owner: str, title: str) -> None:
        """A study registers its model: no more than its data and its beginnings allow."""
        parents = (*m.made_from, *m.summed)
        refuse("unknown_parent", when=any(not self._stands(*_pair(parent)) for parent in parents))
        refuse("repeated_parent", when=len({parent.asset for parent in parents}) < len(parents))
        bound: r.Both = {}
        for name in r.NAMES:
            parts = [self.rights[parent.asset][name] for parent in m.made_from]
            if m.summed:
                parts.append(r.summed([self.rights[parent.asset][name] for parent in m.summed]))
            bound[name] = r.shared(parts)
        taken = self.named(owner, m.name) is not None
        name = f"{m.name[:23]}-{self.id(said).hex()[:8]}" if taken else m.name
        thing = {"owner": owner, "name": name, "kind": "model", "title": title, "form": "blob"}
        self._add(said, {**thing, "study": m.study}, bound, bound, parents)
        content = {"commitment": m.content, "count": m.count, "subjects": None, "schema": None}
        self._put(said, self.id(said), content)
        self._tell_registered(said, m.content, m.count)

    # What the messages, and other auditors, ask.

    def id(self, said: Said) -> bytes:
        """The id of what this call registers."""
        return tagged("consortia/asset", said.at.network + said.transaction + said.call.to_bytes(8, "big"))

    def named(self, owner: str, name: str) -> bytes | None:
        """The id of the asset that `owner` calls `name`, or None."""
        of_name = (
            id_ for id_, thing in self.things.items() if (thing["owner"], thing["name"]) == (owner, name)
        )
        return next(of_name, None)

    def may(self, member: str, asset: bytes, purpose: str) -> bool:
        """Whether a member may process an asset for a purpose now."""
        allowed = r.may(self.rights[asset]["process"], member)
        return self.things[asset]["withdrawn"] is None and bool({purpose, "*"} & allowed)

    def _own(self, said: Said, asset: bytes, *, closed: bool = False) -> Plain:
        """The member's own asset; `closed` refuses a withdrawn one."""
        thing = self.things.get(asset, {})
        refuse("unknown_asset", when=not thing)
        refuse("not_owner", when=thing["owner"] != said.member)
        refuse("withdrawn", when=closed and thing["withdrawn"] is not None)
        return thing

    def _check_members(self, right: Right) -> None:
        identity = self.others["identity"]
        known = {"*", *identity.present()} if isinstance(identity, Identity) else {"*"}
        refuse("unknown_member", when=any(one.grantee not in known for one in right))

    def _bound(self, owner: str, parents: tuple[Parent, ...]) -> r.Both | None:
        if not parents:
            return None
        refuse("unknown_parent", when=any(not self._stands(*_pair(parent)) for parent in parents))
        refuse("repeated_parent", when=len({parent.asset for parent in parents}) < len(parents))
        refuse("parent_closed", when=any(self._closed(*_pair(parent)) for parent in parents))
        held = [self.rights[parent.asset] for parent in parents]
        refuse("parent_forbidden", when=any(not r.may(one["process"], owner) for one in held))
        return {name: r.shared([one[name] for one in held]) for name in r.NAMES}

    def _stands(self, asset: bytes, version: int) -> bool:
        return 1 <= version <= len(self.versions.get(asset, []))

    def _closed(self, asset: bytes, version: int) -> bool:
        erased = self.versions[asset][version - 1]["erased"] is not None
        return erased or self.things[asset]["withdrawn"] is not None

    def _add(
        self,
        said: Said,
        thing: Plain,
        rights: r.Both,
        bound: r.Both | None,
        parents: tuple[Parent, ...],
    ) -> None:
        asset = self.id(said)
        of = sorted(_pair(parent) for parent in parents)
        born = {"parents": of, "height": said.at.height, "time": said.at.time}
        self.things[asset] = {**thing, **born, "withdrawn": None}
        self.rights[asset], self.bounds[asset] = rights, bound

    def _put(self, said: Said, asset: bytes, given: Plain) -> int:
        """Add a version and give its number."""
        versions = self.versions.setdefault(asset, [])
        held = {part: given[part] for part in ("commitment", "count", "subjects", "schema")}
        block = {"height": said.at.height, "time": said.at.time, "erased": None}
        versions.append({"number": len(versions) + 1, **held, **block})
        return len(versions)

    def _tell_registered(self, said: Said, commitment: bytes, count: int) -> None:
        asset = self.id(said)
        thing = {part: self.things[asset][part] for part in ("owner", "name", "kind")}
        self.tell("registered", asset=asset, **thing, commitment=commitment, count=count)

    def entries(self) -> Entries:
        """All tables."""
        found: Entries = {}
        for id_, thing in self.things.items():
            bound = self.bounds[id_]
            found["assets", id_] = {
                **thing,
                "id": id_,
                "parents": [{"asset": asset, "version": version} for asset, version in thing["parents"]],
                "rights": _written(self.rights[id_]),
                "bound": None if bound is None else _written(bound),
                "version": len(self.versions[id_]),
            }
            found["names", thing["owner"], thing["name"]] = {"asset": id_, "kind": thing["kind"]}
            for asset, version in thing["parents"]:
                found["children", asset, id_] = {"version": version}
            for version in self.versions[id_]:
                found["versions", id_, version["number"]] = version
        return found

    def broken(self, before: Entries, after: Entries) -> Iterator[str]:
        """The promises of assets that do not hold."""
        return broken(before, after)


AUDITOR = Assets


def _pair(parent: Parent) -> tuple[bytes, int]:
    return parent.asset, parent.version


def _fits(kind: str, form: str, count: int, subjects: int | None) -> bool:
    if form not in FORMS[kind]:
        return False
    return 0 <= (subjects or 0) <= count and (subjects is not None) is (form == "set")


def _check_rights(rights: r.Both, bound: r.Both | None) -> None:
    beyond = bound is not None and any(r.goes_beyond(rights[name], bound[name]) for name in r.NAMES)
    refuse("exceeds_parents", when=beyond)
    refuse("too_many_permissions", when=any(r.too_large(right) for right in rights.values()))


def _written(rights: r.Both) -> Plain:
    return {name: r.written(right) for name, right in rights.items()}


def _as_said(right: Right) -> list[Plain]:
    return [{"grantee": one.grantee, "purposes": list(one.purposes)} for one in right]
