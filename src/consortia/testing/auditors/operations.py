"""The auditor of operations: what every act comes to, in dictionaries, from the module's README alone."""

from dataclasses import dataclass, field

from consortia.testing.auditors import refuse

DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class By:
    """Who acts, and when: member, role of the key, block time."""

    member: str
    role: str
    time: int


@dataclass(frozen=True, slots=True)
class Voted:
    """What the members vote: whose control, who oversees it, its fields with their bounds, the gap."""

    member: str
    overseers: list[str]
    bounds: list[tuple[str, int, int]]
    gap: int


@dataclass(slots=True)
class Steered:
    """A control: whose, who oversees it, bounds by field, gap, votes, who has it, times of acts."""

    member: str
    overseers: list[str]
    bounds: dict[str, tuple[int, int]]
    gap: int
    version: int
    taken: str | None = None
    times: list[int] = field(default_factory=list)
    begin: int | None = None
    ended: bool = False

    @property
    def last(self) -> int | None:
        """What the next act is counted from; None before there was one."""
        if self.begin is not None:
            return self.begin
        return self.times[-1] if self.times else None

    def last_by(self, time: int) -> int | None:
        """The same, once officers step in at a block time: nothing that is still to come."""
        return None if self.last is None else min(self.last, time)


@dataclass(slots=True)
class Asked:
    """A notice: who asks whom until when, and what came."""

    author: str
    to: list[str]
    due: int
    answers: dict[str, tuple[int, int, bool]] = field(default_factory=dict)
    closed: int | None = None


@dataclass(slots=True)
class Roll:
    """A register: whose, for whom, after which, and who claimed what."""

    owner: str
    members: list[str]
    after: str | None
    claims: dict[int, tuple[str, int]] = field(default_factory=dict)
    closed: int | None = None


class Auditor:
    """Everything by the names that the play has for it; each act raises No or changes the model."""

    def __init__(self, members: tuple[str, ...]) -> None:
        """Begin with these members and nothing else."""
        self.members = members
        self.controls: dict[str, Steered] = {}
        self.notices: dict[str, Asked] = {}
        self.rolls: dict[str, Roll] = {}

    def set_control(self, name: str, voted: Voted, time: int) -> None:
        """The members voted a control, in a block of this time."""
        fields, named = [each for each, _, _ in voted.bounds], {voted.member, *voted.overseers}
        refuse("unsorted", when=voted.overseers != sorted(set(voted.overseers)))
        refuse("unsorted", when=fields != sorted(set(fields)))
        refuse("unknown_member", when=not named <= set(self.members))
        refuse("bad_bounds", when=any(low > high for _, low, high in voted.bounds))
        before = self.controls.get(name)
        bounds = {each: (low, high) for each, low, high in voted.bounds}
        made = Steered(voted.member, voted.overseers, bounds, voted.gap, version=1)
        if before is not None:
            made.version, made.times = before.version + 1, before.times
            made.begin = before.last_by(time)
        self.controls[name] = made

    def end_control(self, name: str) -> None:
        """The members voted an end."""
        found = self._control(name)
        found.ended, found.taken = True, None

    def command(self, by: By, name: str, version: int, acts: list[tuple[int, list[int]]]) -> None:
        """Somebody commands."""
        found = self._control(name)
        program, person = by.role in {"worker", "agent"}, by.role in {"admin", "operator"}
        if found.taken is None:
            refuse("not_operator", when=by.member != found.member)
            refuse("not_taken", when=not program)
        refuse("taken_over", when=found.taken is not None and (by.member != found.taken or not person))
        refuse("old_version", when=version != found.version)
        for _, values in acts:
            fits = len(values) == len(found.bounds) and all(
                low <= value <= high for value, (low, high) in zip(values, found.bounds.values(), strict=True)
            )
            refuse("out_of_bounds", when=not fits)
        last = found.last
        for at, _ in acts:
            refuse("too_soon", when=last is not None and (at <= last or at < last + found.gap))
            last = at
        refuse("too_far", when=any(at > by.time + DAY for at, _ in acts))
        found.begin = None
        found.times = found.times + [at for at, _ in acts]

    def take_over(self, by: By, name: str) -> None:
        """Officers take over."""
        found = self._control(name)
        refuse("taken_over", when=found.taken is not None)
        refuse("not_overseer", when=by.member not in [found.member, *found.overseers])
        found.taken, found.begin = by.member, found.last_by(by.time)

    def hand_back(self, by: By, name: str) -> None:
        """Officers hand back."""
        found = self._control(name)
        refuse("not_taken", when=found.taken != by.member)
        found.taken = None

    def notify(self, by: By, name: str, to: list[str], due: int) -> None:
        """A member asks others."""
        refuse("unsorted", when=to != sorted(set(to)))
        refuse("unknown_member", when=not set(to) <= set(self.members))
        refuse("bad_due", when=not by.time < due <= by.time + 366 * DAY)
        mine = [each for each in self.notices.values() if each.author == by.member and each.closed is None]
        refuse("too_many_open", when=len(mine) >= 16)
        self.notices[name] = Asked(by.member, to, due)

    def reply(self, by: By, name: str, number: int) -> None:
        """A member answers."""
        found = self._notice(name)
        refuse("closed", when=found.closed is not None)
        refuse("not_asked", when=by.member not in found.to)
        refuse("answered", when=by.member in found.answers)
        found.answers[by.member] = (number, by.time, by.time > found.due)

    def close_notice(self, by: By, name: str) -> None:
        """An author closes."""
        found = self._notice(name)
        refuse("not_yours", when=found.author != by.member)
        refuse("closed", when=found.closed is not None)
        missing = set(found.to) - set(found.answers)
        refuse("still_awaited", when=missing and by.time <= found.due)
        found.closed = by.time

    def open_register(self, by: By, name: str, members: list[str], after: str | None) -> None:
        """A member opens a register."""
        refuse("unknown_register", when=after is not None and after not in self.rolls)
        refuse("unsorted", when=members != sorted(set(members)))
        refuse("unknown_member", when=not set(members) <= set(self.members))
        self.rolls[name] = Roll(by.member, members, after)

    def claim(self, by: By, name: str, things: list[int], *, in_order: bool) -> None:
        """A member claims things; they are looked at in the order in which they stand."""
        found = self._roll(name)
        refuse("unsorted", when=not in_order)
        refuse("closed", when=found.closed is not None)
        refuse("not_in_register", when=by.member not in found.members)
        for each in things:
            refuse("unclaimed", when=found.after is not None and each not in self.rolls[found.after].claims)
            refuse("claimed", when=each in found.claims)
        found.claims |= dict.fromkeys(things, (by.member, by.time))

    def close_register(self, by: By, name: str) -> None:
        """An owner closes."""
        found = self._roll(name)
        refuse("not_yours", when=found.owner != by.member)
        refuse("closed", when=found.closed is not None)
        found.closed = by.time

    def _control(self, name: str) -> Steered:
        found = self.controls.get(name)
        refuse("unknown_control", when=found is None or found.ended)
        return found or Steered("", [], {}, 0, 0)

    def _notice(self, name: str) -> Asked:
        refuse("unknown_notice", when=name not in self.notices)
        return self.notices[name]

    def _roll(self, name: str) -> Roll:
        refuse("unknown_register", when=name not in self.rolls)
        return self.rolls[name]
