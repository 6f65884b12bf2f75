"""What the auditor of identity keeps, and the sentences of the README that its messages share."""

from collections.abc import Iterator, Sequence

from consortia.base.codec import encode
from consortia.base.hashing import tagged
from consortia.modules.identity import messages as asked
from consortia.modules.identity.types import KeySpec
from consortia.testing.auditors import Entries, Model, Plain, Said, refuse
from consortia.testing.auditors.identity_promises import broken
from consortia.testing.auditors.notes import Set, final_size, signed
from consortia.testing.curve import is_prime_order

DAY = 24 * 3600 * 1000
ALONE = {"node", "recovery", "worker", "consensus"}
AnyKey = asked.NewKey | KeySpec


class Roll(Model):
    """Members, keys and proposals of one network, in dictionaries."""

    module = "identity"

    def __init__(self, others: dict[str, Model]) -> None:
        """Start with nobody; `found` brings the founders."""
        super().__init__(others)
        self.members: dict[str, Plain] = {}
        self.keys: dict[bytes, Plain] = {}
        """By id: every key that is or was a member's, with its `member`."""
        self.held: dict[bytes, str] = {}
        """By id: the name of the admission that a key waits for."""
        self.proposals: dict[tuple[str, str], Plain] = {}
        self.endpoints: dict[str, Plain] = {}
        self.attestors: dict[tuple[str, str], bytes] = {}
        self.sets: list[Plain] = []
        self.seats: dict[str, Plain] = {}
        """By member: its `consensus` key's id and its voting `power`, where either was ever set."""
        self.offences: dict[tuple[str, bytes, int], Plain] = {}
        self.joiner_quota: Plain = {}

    # Who may sign what, for the kernel.

    def directory(self, time: int) -> dict[bytes, tuple[str, bytes, frozenset[str], bool]]:
        """By key id, for a block at `time`: the key's member, its public key, its roles, whether it acts."""
        found = {
            id_: (
                key["member"],
                key["public"],
                frozenset(key["roles"]),
                key["revoked"] is None and self.members[key["member"]]["left"] is None,
            )
            for id_, key in self.keys.items()
        }
        for id_, name in self.held.items():
            admission = self.proposals["admission", name]
            key = next(key for key in admission["joiner"]["keys"] if key_id(key["public"]) == id_)
            roles = frozenset({"joiner"} if "admin" in key["roles"] else ())
            found[id_] = (name, key["public"], roles, time <= admission["expires"])
        return found

    def quota(self, name: str) -> Plain:
        """What the member `name` may consume; for anyone else, what a joiner may."""
        quota: Plain = self.members[name]["quota"] if name in self.members else self.joiner_quota
        return quota

    def present(self) -> list[str]:
        """The members now, sorted."""
        return sorted(name for name, member in self.members.items() if member["left"] is None)

    def active(self, name: str, role: str | None = None) -> list[bytes]:
        """The ids of the keys of `name` that are not revoked, of one role or of all."""
        return sorted(
            id_
            for id_, key in self.keys.items()
            if key["member"] == name and key["revoked"] is None and (role is None or role in key["roles"])
        )

    # The sentences of the README behind them.

    def acts(self, id_: bytes) -> bool:
        """Whether a key is one that a member now has and has not revoked."""
        key = self.keys.get(id_)
        return key is not None and key["revoked"] is None and key["member"] in self.present()

    def check_signer(self, said: Said) -> None:
        """Refuse a signer that an earlier transaction of this block put out of force."""
        refuse("signer_gone", when=not self.acts(said.key))

    def is_joining_admin(self, id_: bytes) -> bool:
        """Whether a key is an admin's in the admission that it waits for."""
        keys = self.proposals["admission", self.held[id_]]["joiner"]["keys"]
        return any(key_id(key["public"]) == id_ and "admin" in key["roles"] for key in keys)

    def check_new(self, said: Said, kind: str, name: str, expires: int) -> None:
        """Refuse a second proposal while one is open, and an expiry out of bounds."""
        before = self.proposals.get((kind, name))
        refuse("proposal_open", when=before is not None and before["expires"] >= said.at.time)
        refuse("bad_expiry", when=not 0 <= expires - said.at.time <= 90 * DAY)

    def proposal_id(self, kind: str, name: str) -> bytes:
        """What names a proposal: all of it but who approved; zeros where there is none."""
        if (kind, name) not in self.proposals:
            return bytes(32)
        rest = {field: value for field, value in self.proposals[kind, name].items() if field != "approvals"}
        return tagged("consortia/member-proposal", encode({"kind": kind, "name": name, **rest}))

    def check_approval(self, said: Said, kind: str, name: str, wanted: bytes) -> None:
        """Refuse a yes to nothing, to another one, too late, or given before."""
        proposal = self.proposals.get((kind, name))
        if proposal is None or self.proposal_id(kind, name) != wanted:
            return refuse("no_proposal", when=True)
        refuse("proposal_expired", when=proposal["expires"] < said.at.time)
        return refuse("already_approved", when=said.member in proposal["approvals"])

    def check_set(self, said: Said, name: str, keys: Sequence[asked.NewKey]) -> None:
        """Refuse a set of keys that no member may have, or whose owners did not all sign for it."""
        self.check_whole(keys)
        self.check_points(said.at.time, keys)
        self.check_possession(said, name, keys)

    def check_whole(self, keys: Sequence[AnyKey]) -> None:
        """Refuse a set of keys with roles in disorder, or by which no member could live."""
        refuse("bad_roles", when=not all(orderly(key.roles) for key in keys))
        roles = [role for key in keys for role in key.roles]
        one_each = roles.count("node") == roles.count("recovery") == 1 and roles.count("consensus") < 2
        refuse("bad_key_set", when=not one_each or "admin" not in roles)

    def check_points(self, time: int, keys: Sequence[AnyKey]) -> None:
        """Refuse weak keys, and keys that are or were somebody's or wait for an open admission."""
        refuse("small_order", when=not all(is_prime_order(key.public) for key in keys))
        ids = [key_id(key.public) for key in keys]
        refuse("key_known", when=len(set(ids)) < len(ids))
        waiting = [
            id_ in self.held and self.proposals["admission", self.held[id_]]["expires"] >= time for id_ in ids
        ]
        refuse("key_known", when=any(waiting) or any(id_ in self.keys for id_ in ids))

    def check_possession(self, said: Said, name: str, keys: Sequence[asked.NewKey]) -> None:
        """Refuse keys whose owner did not sign the member's name and the whole set."""
        claim = encode({"name": name, "keys": [spec(key) for key in keys]})
        text = tagged("consortia/possession", said.at.network + claim)
        refuse("bad_possession", when=not all(signed(key.public, text, key.possession) for key in keys))

    def check_change(self, said: Said, note: bytes | None) -> None:
        """A change of the set shows that the change before it is final, under the set before that."""
        if len(self.sets) == 1:
            return refuse("checkpoint_unexpected", when=note is not None)
        if note is None:
            return refuse("checkpoint_required", when=True)
        size = final_size(note, said.at.network, _keys_of(self.sets[-2]))
        if size is None:
            return refuse("checkpoint_not_final", when=True)
        refuse("checkpoint_too_early", when=size <= self.sets[-1]["first_leaf"])
        return refuse("checkpoint_too_late", when=size > said.at.size)

    def voters(self, kind: str, name: str) -> list[str]:
        """Who has a say: all members, but in a removal not the one concerned."""
        return [member for member in self.present() if kind != "removal" or member != name]

    def enough(self, proposal: Plain, voters: list[str]) -> bool:
        """Whether more than two thirds of those with a say said yes."""
        return 3 * len(set(proposal["approvals"]) & set(voters)) > 2 * len(voters)

    def open(self, said: Said, kind: str, name: str, expires: int, **held: object) -> None:
        """A proposal stands, and its proposer has said yes."""
        self.proposals[kind, name] = {
            "proposer": said.member,
            "proposed": said.at.time,
            "expires": expires,
            "approvals": [said.member],
            "joiner": held.get("joiner"),
            "quota": held.get("quota"),
            "power": held.get("power"),
        }
        self.tell("proposed", kind=kind, name=name, by=said.member, expires=expires)

    def approve(self, said: Said, kind: str, name: str) -> None:
        """One more yes."""
        proposal, voters = self.proposals[kind, name], self.voters(kind, name)
        proposal["approvals"] = sorted([*proposal["approvals"], said.member])
        count = len(set(proposal["approvals"]) & set(voters))
        needed = next(n for n in range(len(voters) + 2) if 3 * n > 2 * len(voters))
        self.tell("approved", kind=kind, name=name, by=said.member, approvals=count, needed=needed)

    def settle_quota(self, name: str) -> None:
        """A quota is in force once enough said yes."""
        proposal = self.proposals["quota", name]
        if self.enough(proposal, self.present()):
            del self.proposals["quota", name]
            self.members[name]["quota"] = proposal["quota"]
            self.tell("quota_set", member=name, quota=proposal["quota"])

    def seat(self, name: str) -> Plain:
        """How a member votes in consensus: by default without a key, and with one vote."""
        return self.seats.get(name, {"consensus": None, "power": 1})

    def check_votes(self, name: str, seat: Plain) -> None:
        """Refuse a seat for `name` that silences the only one that votes."""
        voting = {
            other for other, held in self.seats.items() if held["consensus"] is not None and held["power"]
        }
        silent = seat["consensus"] is None or not seat["power"]
        refuse("last_validator", when=silent and voting == {name})

    def seat_by(self, name: str, keys: Sequence[AnyKey]) -> Plain:
        """The seat of `name` by a whole set of keys."""
        held = [key_id(key.public) for key in keys if "consensus" in key.roles]
        return {"consensus": held[0] if held else None, "power": self.seat(name)["power"]}

    def sit(self, name: str, seat: Plain) -> None:
        """A member votes otherwise than before."""
        if seat != self.seat(name):
            self.seats[name] = seat
            self.tell("seat_set", member=name, key=seat["consensus"], power=seat["power"])

    def settle_power(self, name: str, proposal: Plain) -> Plain | None:
        """The seat that a question about a voting power gives, once enough said yes."""
        if not self.enough(proposal, self.present()):
            return None
        seat = {**self.seat(name), "power": proposal["power"]}
        self.check_votes(name, seat)
        return seat

    def drop(self, kind: str, name: str) -> None:
        """A proposal is gone, and with an admission its hold on keys."""
        self.proposals.pop((kind, name), None)
        if kind == "admission":
            self.held = {id_: waits for id_, waits in self.held.items() if waits != name}

    def enter(self, said: Said, name: str, title: str, quota: Plain, keys: Sequence[KeySpec]) -> None:
        """A member is in, with its keys."""
        single = {role: the_one(role, keys) for role in ("node", "recovery")}
        times = {"joined": said.at.time, "left": None}
        self.members[name] = {"title": title, "quota": quota, **single, **times}
        self.give(said, name, keys)

    def give(self, said: Said, name: str, keys: Sequence[AnyKey]) -> None:
        """Keys are a member's, from now on and for ever."""
        for key in keys:
            self.held.pop(key_id(key.public), None)
            times = {"since": said.at.time, "revoked": None}
            self.keys[key_id(key.public)] = {"member": name, **spec(key), **times}

    def end(self, said: Said, name: str, note: bytes | None, *, own: bool) -> None:
        """A member is out, and nothing more is asked about it."""
        self.members[name]["left"] = said.at.time
        self.endpoints.pop(name, None)
        self.seats.pop(name, None)
        for kind in ("removal", "quota", "power"):
            self.drop(kind, name)
        self.tell("member_removed", name=name, own=own)
        self.change(said, note)

    def change(self, said: Said, note: bytes | None) -> None:
        """The set is another from here on."""
        members = [
            {
                "name": name,
                "witness": self.keys[self.members[name]["node"]]["public"],
                "recovery": self.keys[self.members[name]["recovery"]]["public"],
            }
            for name in self.present()
        ]
        block = {"height": said.at.height, "time": said.at.time, "first_leaf": said.at.size}
        self.sets.append({**block, "members": {"members": members}, "checkpoint": note})
        digest = tagged("consortia/members", encode({"members": members}))
        self.tell("member_set_changed", number=len(self.sets) - 1, members=digest)

    def entries(self) -> Entries:
        """All tables."""
        found: Entries = {("members", name): member for name, member in self.members.items()}
        for id_, key in self.keys.items():
            found["keys", key["member"], id_] = {field: key[field] for field in key if field != "member"}
            found["owners", id_] = {"member": key["member"], "joining": False}
        found |= {("owners", id_): {"member": name, "joining": True} for id_, name in self.held.items()}
        found |= {("proposals", *key): proposal for key, proposal in self.proposals.items()}
        found |= {("endpoints", name): endpoint for name, endpoint in self.endpoints.items()}
        found |= {("attestors", *key): {"public": public} for key, public in self.attestors.items()}
        found |= {("seats", name): seat for name, seat in self.seats.items()}
        found |= {("offences", *key): offence for key, offence in self.offences.items()}
        found |= {("changes", number): change for number, change in enumerate(self.sets)}
        found["latest",] = {"number": len(self.sets) - 1}
        found["settings",] = {"joiner_quota": self.joiner_quota}
        return found

    def broken(self, before: Entries, after: Entries) -> Iterator[str]:
        """The promises of identity that do not hold."""
        return broken(before, after)


def key_id(public: bytes) -> bytes:
    """The id of an Ed25519 key."""
    return tagged("consortia/key", b"\x01" + public)


def spec(key: AnyKey) -> Plain:
    """A key as the ledger writes it."""
    return {"public": key.public, "roles": list(key.roles), "label": key.label}


def the_one(role: str, keys: Sequence[AnyKey]) -> bytes:
    """The id of the one key with a role."""
    (found,) = (key_id(key.public) for key in keys if role in key.roles)
    return found


def orderly(roles: Sequence[str]) -> bool:
    """Whether roles stand once each in alphabetical order, and those that stand alone do."""
    return list(roles) == sorted(set(roles)) and (len(roles) == 1 or not ALONE & set(roles))


def _keys_of(change: Plain) -> Set:
    return {one["name"]: (one["witness"], one["recovery"]) for one in change["members"]["members"]}
