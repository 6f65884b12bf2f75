"""The auditor of admission: which transaction may stand in a block, from the reference page of the kernel."""

from dataclasses import dataclass

from consortia.testing.auditors import Entries, Plain, refuse
from consortia.testing.auditors.identity import Identity


@dataclass(frozen=True, slots=True)
class Asked:
    """What a transaction says of itself, as the auditor is told it.

    `methods` are its calls, `roles` for each the roles that may sign it; `cost` is what the calls'
    declarations and the size make. `home` says whether it names this network, `signed` whether its
    signature is good; `urgent`, whether any of its methods is.
    """

    key: bytes
    lane: int
    sequence: int
    expires: int
    roles: tuple[frozenset[str], ...]
    cost: int
    methods: tuple[str, ...]
    urgent: bool
    home: bool = True
    signed: bool = True


class Admission:
    """The keys, sequences and quotas of one network; `most` and `cost_max` limit a block."""

    def __init__(self, identity: Identity, most: int, cost_max: int, epoch: int) -> None:
        """Start before the first block; `epoch` is the length of a quota epoch in milliseconds."""
        self.identity, self.most, self.cost_max, self.epoch = identity, most, cost_max, epoch
        self.keys: dict[bytes, tuple[str, bytes, frozenset[str], bool]] = {}
        self.bounds: dict[bytes, tuple[str, frozenset[str]]] = {}
        self.purses: dict[bytes, tuple[str, int]] = {}
        self.taken: dict[tuple[str, int], int] = {}
        """What the keys of a purse consumed in an epoch."""
        self.used: dict[str, int] = {}
        """The epoch in which a purse was last used."""
        self.quotas: dict[str, Plain] = {}
        self.next: dict[tuple[bytes, int], int] = {}
        self.spent: dict[tuple[str, int], int] = {}
        """What a member consumed in an epoch."""
        self.now: dict[str, int] = {}
        """What a member consumes in this block."""
        self.last: dict[str, int] = {}
        """The epoch in which a member last consumed anything."""
        self.shares = {True: dict[str, int](), False: dict[str, int]()}
        """What each member's urgent and other transactions cost in this block."""
        self.ordinary = 0
        self.members = 0
        self.held = 0
        self.time = 0

    def begin(self, time: int) -> None:
        """A block begins: keys, roles and quotas are for all of it what they are now."""
        self.end()
        self.held, self.time = 0, time
        self.shares = {True: dict[str, int](), False: dict[str, int]()}
        self.ordinary = 0
        self.keys = self.identity.directory(time)
        self.bounds, self.purses = self.identity.bounds(), self.identity.purses()
        names = {member for member, _, _, _ in self.keys.values()}
        self.quotas = {name: dict(self.identity.quota(name)) for name in names}
        self.members = sum(one["left"] is None for one in self.identity.members.values())

    def end(self) -> None:
        """A block ends: what was consumed counts for the epoch."""
        number = self.time // self.epoch
        for member, cost in self.now.items():
            self.spent[member, number] = self.spent.get((member, number), 0) + cost
            self.last[member] = number
        self.now = {}

    def admit(self, asked: Asked) -> None:
        """Let a well-formed transaction into the block, or raise No."""
        refuse("wrong_network", when=not asked.home)
        refuse("unknown_key", when=asked.key not in self.keys)
        member, _, roles, acts = self.keys[asked.key]
        refuse("revoked_key", when=not acts)
        refuse("wrong_role", when=any(not roles & allowed for allowed in asked.roles))
        first, others = self.bounds.get(asked.key, (asked.methods[0], frozenset(asked.methods)))
        refuse("no_act", when=asked.methods[0] != first)
        refuse("outside_mandate", when=any(method not in others for method in asked.methods[1:]))
        refuse("expired", when=asked.expires < self.time)
        following = self.next.get((asked.key, asked.lane), 0)
        refuse("replayed", when=asked.sequence < following)
        refuse("out_of_order", when=asked.sequence > following)
        quota, now = self.quotas[member], self.now.get(member, 0) + asked.cost
        purse, most = self.purses.get(asked.key, ("", 1 << 63))
        filled = self.taken.get((purse, self.time // self.epoch), 0) + asked.cost
        refuse("over_quota", when=filled > most)
        before = self.spent.get((member, self.time // self.epoch), 0)
        refuse("over_quota", when=before + now > quota["cost_per_epoch"])
        refuse("block_full", when=self.held == self.most)
        kept, members = self.cost_max // 4, self.members
        taken = self.shares[True].get(member, 0) + max(asked.cost, -(-self.cost_max // self.most))
        urgent = asked.urgent and taken <= kept // members
        refuse("block_full", when=not urgent and sum(self.now.values()) + asked.cost > self.cost_max)
        refuse("block_full", when=now > quota["cost_per_block"])
        own = self.shares[False].get(member, 0)
        if not urgent:
            rest = sum(self.shares[False].values())
            refuse("block_full", when=self.ordinary >= self.most - self.most // 4)
            refuse("block_full", when=bool(rest) and rest + asked.cost > self.cost_max - kept)
            refuse("block_full", when=bool(own) and own + asked.cost > (self.cost_max - kept) // members)
        refuse("bad_signature", when=not asked.signed)
        self.shares[urgent][member] = taken if urgent else own + asked.cost
        self.ordinary += not urgent
        self.next[asked.key, asked.lane] = following + 1
        self.now[member] = now
        if purse:
            self.taken[purse, self.time // self.epoch] = filled
            self.used[purse] = self.time // self.epoch
        self.held += 1

    def entries(self) -> Entries:
        """The kernel's tables after a block, but for the bytes of state that `usage` counts."""
        found: Entries = {("sequence", *key): {"next": next_} for key, next_ in self.next.items()}
        for purse, number in self.used.items():
            found["purses", purse] = {"epoch": number, "cost": self.taken[purse, number]}
        for member, number in self.last.items():
            found["usage", member] = {"epoch": number, "cost": self.spent[member, number]}
        return found
