"""Exact rules: bounds on the entries of an event's vector, all of which must hold. What a policy pins."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from consortia.engines.watch.features import columns


@dataclass(frozen=True, slots=True)
class Bound:
    """An entry of the vector, and the least and most it may be for the rule to hold (None: any)."""

    column: str
    least: int | None
    most: int | None

    def holds(self, value: int) -> bool:
        """Whether `value` is within."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


@dataclass(frozen=True, slots=True)
class Rule:
    """A reason code, the kind of event it is about, its bounds, and how grave a hit is (1 to 100)."""

    code: str
    kind: str
    bounds: tuple[Bound, ...]
    severity: int

    def holds(self, vector: Sequence[int]) -> bool:
        """Whether a vector of the rule's kind is within all bounds."""
        names = columns(self.kind)
        return all(bound.holds(vector[names.index(bound.column)]) for bound in self.bounds)


def hits(rules: Iterable[Rule], kind: str, vector: Sequence[int]) -> tuple[Rule, ...]:
    """The rules that an event of this kind, with this vector, meets."""
    return tuple(rule for rule in rules if rule.kind == kind and rule.holds(vector))


def severity(met: Iterable[Rule]) -> int:
    """How grave the hits are together."""
    return sum(rule.severity for rule in met)


def _rule(code: str, kind: str, severity: int, **bounds: tuple[int | None, int | None]) -> Rule:
    return Rule(code, kind, tuple(Bound(name, *pair) for name, pair in bounds.items()), severity)


RULES: tuple[Rule, ...] = (
    _rule("key.new_methods", "act", 30, known=(None, 0), news=(48, None), rarity=(40, None)),
    _rule("key.refused_at_odd_hour", "act", 35, refused=(1, None), rarity=(40, None), known=(None, 32)),
    _rule("export.approval_reused", "access", 40, approval_uses=(4, None)),
    _rule("export.large_and_new", "access", 35, records=(180, None), known=(None, 0), ratio=(20, None)),
    _rule("budget.same_question", "spend", 45, overlap_permille=(940, None)),
    _rule("budget.hurried", "spend", 35, overlap_permille=(800, None), daily=(64, None)),
    _rule("update.against_the_sum", "update", 45, agreement_permille=(None, 200)),
    _rule("update.too_large", "update", 30, ratio=(19, None)),
    _rule("update.copied", "update", 45, likeness_permille=(650, None)),
    _rule("update.late_and_small", "update", 35, slack_minutes=(None, 60), ratio=(None, -14)),
    _rule("admission.shared_particulars", "admission", 40, shared=(3, None)),
    _rule("admission.many_young", "admission", 35, age_days=(None, 90), daily=(40, None)),
    _rule("vote.paid_and_changed", "vote", 45, received=(129, None), changed=(1, None)),
    _rule("vote.paid", "vote", 25, received=(148, None)),
    _rule("trade.mutual", "order", 40, mutual_permille=(700, None)),
    _rule("trade.mutual_and_quick", "order", 30, mutual_permille=(540, None), held_minutes=(None, 64)),
    _rule(
        "payment.passed_through",
        "transfer",
        35,
        passed_permille=(820, None),
        rested_minutes=(None, 84),
        known=(None, 40),
    ),
    _rule("payment.large_to_stranger", "transfer", 30, known=(None, 0), ratio=(38, None)),
    _rule("reading.high", "reading", 40, deviation_permille=(57, None)),
    _rule("reading.low", "reading", 40, deviation_permille=(None, -57)),
    _rule("mandate.at_the_cap", "mandate", 35, used_permille=(951, None)),
    _rule("mandate.refused_in_a_row", "mandate", 40, refused=(1, None), hourly=(32, None)),
    _rule("mandate.many_methods", "mandate", 40, tried=(5, None)),
)
"""The rules that a policy has unless its members write others."""
