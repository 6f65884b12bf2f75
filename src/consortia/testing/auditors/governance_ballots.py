"""The auditor's secret votes: what an election comes to, by who did what when, without a look at a ballot."""

from dataclasses import dataclass, field

from consortia.testing.auditors import Plain, refuse


@dataclass(slots=True)
class Urn:
    """One election: who made the key, who chose what, who opened the count, and what came of it."""

    ends: tuple[int, ...]
    voters: tuple[str, ...]
    trustees: tuple[str, ...]
    committed: set[str] = field(default_factory=set)
    dealt: set[str] = field(default_factory=set)
    begun: bool = False
    closed: bool = False
    chosen: dict[str, int] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)
    outcome: str | tuple[int, ...] | None = None

    @property
    def needed(self) -> int:
        """More than two thirds of the trustees: floor(2k/3) + 1."""
        return 2 * len(self.trustees) // 3 + 1

    def do(self, step: str, name: str, chosen: int = 0) -> None:
        """Somebody does what is due."""
        if step in ("commit", "deal", "open"):
            {"commit": self.committed, "deal": self.dealt, "open": self.opened}[step].add(name)
        elif step == "begin":
            self.begun = True
            self.outcome = None if len(self.dealt) >= self.needed else "no_key"
        elif step == "vote":
            self.chosen[name] = chosen
        elif step == "close":
            self.closed = True
            self.outcome = None if len(self.chosen) >= 5 else "too_few_ballots"
        elif self.outcome is None:
            self.outcome = "too_few_parts"
        if step == "open" and len(self.opened) == self.needed:
            picks = list(self.chosen.values())
            self.outcome = tuple(picks.count(choice) for choice in range(3))

    def due(self, time: int, members: set[str]) -> list[tuple[str, str]]:
        """What may be done at a time, and by whom."""
        if self.outcome is not None:
            return []
        commit, deal, complain, vote, decrypt = self.ends
        here = [name for name in self.trustees if name in members]
        if not self.begun:
            if time < commit:
                return [("commit", name) for name in here if name not in self.committed]
            if time < deal:
                return [("deal", name) for name in here if name in self.committed - self.dealt]
            return [] if time < complain else [("begin", name) for name in sorted(members)[:1]]
        if not self.closed:
            voters = [name for name in self.voters if name in members]
            if time < vote:
                return [("vote", name) for name in voters if name not in self.chosen]
            return [("close", name) for name in voters[:1]]
        if time < decrypt:
            return [("open", name) for name in here if name not in self.opened]
        return [("end", name) for name in here[:1]]


def urn(secret: Plain, now: int, vote_milliseconds: int, members: set[str]) -> Urn:
    """The election of a proposal that is opened now."""
    step = secret["step_milliseconds"]
    closes = now + 3 * step + vote_milliseconds
    ends = (now + step, now + 2 * step, now + 3 * step, closes, closes + secret["decrypt_milliseconds"])
    trustees = tuple(sorted(set(secret["trustees"]) & members))
    return Urn(ends, tuple(sorted(members)), trustees)


def count_urn(held: Urn, now: Plain, height: int) -> None:
    """Take an election's outcome into a proposal's progress: refused before there is one, void without it."""
    refuse("too_early", when=held.outcome is None)
    now["closed"] = height
    if isinstance(held.outcome, str):
        now["status"], now["code"] = "void", held.outcome


def sides(held: Urn) -> dict[str, int]:
    """Six units a ballot; none before there is a count."""
    counts = held.outcome if isinstance(held.outcome, tuple) else (0, 0, 0)
    return {side: 6 * count for side, count in zip(("yes", "no", "abstain"), counts, strict=True)}
