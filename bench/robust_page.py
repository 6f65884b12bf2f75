"""The page of the report on robust rules, from its figures."""

import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version

from bench.peers import Byzfl
from bench.robust_study import (
    ABSENT,
    BAD,
    CLIPS,
    COLUMNS,
    LONE_DIGITS,
    MEMBERS,
    ROUNDS_ATTACKED,
    ROUNDS_LONE,
    SCALE_BITS,
    SEEDS_ATTACKED,
    SEEDS_LONE,
)
from consortia.engines.robust import RULES


def survives(found: dict, key: tuple[str, int]) -> str:
    """What the lone sites add to the recall of their groups, in per cent of what they add to the mean's."""
    return added(found, sum(found[key][1]))


def added(found: dict, here: float) -> str:
    floor, whole = (sum(found[each][1]) for each in ((ABSENT, 0), ("mean", 0)))
    return f"{100 * (here - floor) / (whole - floor):.0f} %" if whole > floor else ""


def clip_table(found: dict, lone: dict, title: str) -> Iterator[str]:
    yield from (f"### {title}, {BAD[-1]} of {MEMBERS} bad", "")
    yield "| clip | " + " | ".join(COLUMNS) + " | survives |"
    yield "|---:|" + "---:|" * (len(COLUMNS) + 1)
    for clip, (cells, recall) in found.items():
        shown = " | ".join(f"{value:.1f}" for value in cells.values())
        yield f"| {clip / 2**SCALE_BITS:g} | {shown} | {added(lone, sum(recall))} |"
    yield ""


def attack_tables(tables: dict[int, dict], title: str, *, peer: bool) -> Iterator[str]:
    for bad, found in tables.items():
        yield from (f"### {title}, {bad} of {MEMBERS} bad", "")
        yield "| rule | " + " | ".join(COLUMNS) + " |"
        yield "|---|" + "---:|" * len(COLUMNS)
        for rule in RULES:
            cells = found.get(rule)
            if cells is None:
                yield f"| `{rule}` | " + " | ".join("refused" for _ in COLUMNS) + " |"
                continue
            shown = [f"{a:.1f} / {b:.1f}" if peer else f"{a:.1f}" for a, b in cells.values()]
            yield f"| `{rule}` | " + " | ".join(shown) + " |"
        yield ""


def survival_table(found: dict, title: str, names: list[str]) -> Iterator[str]:
    yield from (f"### {title}", "")
    yield "| rule | tolerated | accuracy | " + " | ".join(names) + " | survives |"
    yield "|---|---:|---:|" + "---:|" * (len(names) + 1)
    for (rule, tolerated), (right, each) in found.items():
        cells = " | ".join(f"{value:.0f}" for value in each)
        name = rule if rule == ABSENT else f"`{rule}`"
        yield f"| {name} | {tolerated} | {right:.1f} | {cells} | {survives(found, (rule, tolerated))} |"
    yield ""


def summary(tables: dict[str, dict[int, dict]], lone: dict[str, dict]) -> Iterator[str]:
    """One line a rule: its worst attack with most bad, and what survives of the lone sites."""
    least, most = BAD[0], BAD[-1]
    heads = [f"{name}: worst attack, {most} bad" for name in tables]
    heads += [f"{name}: survives, tolerating {tolerated}" for name in lone for tolerated in (least, most)]
    yield "| rule | " + " | ".join(heads) + " |"
    yield "|---|" + "---:|" * len(heads)
    for rule in RULES:
        cells = []
        for found in tables.values():
            known = found[most].get(rule)
            cells.append("refused" if known is None else f"{min(ours for ours, _ in known.values()):.1f}")
        for found in lone.values():
            for tolerated in (least, most):
                key = (rule, 0 if rule == "mean" else tolerated)
                cells.append(survives(found, key) if key in found else "refused")
        yield f"| `{rule}` | " + " | ".join(cells) + " |"


def differences(tables: dict[str, dict[int, dict]]) -> str:
    """How near the models trained with our rules are to those trained with byzfl's."""
    pairs = [
        (abs(ours - theirs), f"`{rule}`, {attack}, {bad} bad, {name}")
        for name, found in tables.items()
        for bad, rules in found.items()
        for rule, cells in rules.items()
        for attack, (ours, theirs) in cells.items()
    ]
    same = sum(gap < 0.05 for gap, _ in pairs)
    if same == len(pairs):
        return f"All {same} pairs are equal to the digit shown: the same rules, to what this study can tell."
    gap, where = max(pairs)
    return (
        f"Of {len(pairs)} pairs {same} are equal to the digit shown; the largest difference is {gap:.1f} "
        f"points ({where}). A difference of one rounding, 2^-{SCALE_BITS}, is enough: the network's members "
        "draw their batches from the hash of the state, and a rule may choose another member."
    )


def weakest(cells: dict[str, tuple[float, float]]) -> tuple[float, str]:
    """The least accuracy under any attack, and the attack."""
    return min((ours, attack) for attack, (ours, _) in cells.items())


def figures(tables: dict, lone: dict, clips: dict) -> Iterator[str]:
    """What the conclusion stands on, in sentences."""
    least, most = BAD[0], BAD[-1]
    for name, found in tables.items():
        right, attack = weakest(found[most]["mean"])
        others = [ours for each, (ours, _) in found[most]["mean"].items() if each != attack]
        near = max(CLIPS, key=lambda clip, known=clips[name]: min(known[clip][0].values()))
        cells, recall = clips[name][near]
        yield (
            f"- **{name.capitalize()}, {most} of {MEMBERS} bad, at worst.** The mean falls to {right:.1f} % "
            f"under {attack}, and under every other attack stays at {min(others):.1f} % or more; behind a "
            f"clip of {near / 2**SCALE_BITS:g} at {min(cells.values()):.1f} % under every one, and "
            f"{added(lone[name], sum(recall))} of the lone sites survive it; `trimmed_mean` stays at "
            f"{weakest(found[most]['trimmed_mean'])[0]:.1f} %, `centred_clipping` at "
            f"{weakest(found[most]['centred_clipping'])[0]:.1f} %."
        )
    for name, found in lone.items():
        said = ", ".join(
            f"`{rule}` {survives(found, (rule, least))} and {survives(found, (rule, most))}"
            for rule in ("trimmed_mean", "median", "nnm+trimmed_mean", "centred_clipping")
        )
        yield (
            f"- **{name.capitalize()}, everybody honest.** What survives when the rule is told to tolerate "
            f"{least} and when {most}: {said}."
        )


def page(tables: dict, lone: dict, clips: dict, peer: Byzfl | None) -> str:
    """The whole page, from the figures of `attacked`, `surviving` and `clipped`, by data set."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scikit-learn"))
    beside = f"byzfl {peer.version} on numpy {peer.numpy}" if peer else "byzfl was not installed"
    lines = [
        *INTRODUCTION.strip().format(members=MEMBERS).split("\n"),
        "",
        f"- Date: {datetime.now(UTC):%Y-%m-%d}; the splits' seeds count from 1",
        f"- Consortia {version('consortia')}, Python {platform.python_version()}, {libraries}; {beside}",
        "",
        "## What it says",
        "",
        *CONCLUSION.strip().split("\n"),
        *figures(tables, lone, clips),
        "",
        *SUMMARY.strip().split("\n"),
        "",
        *summary(tables, lone),
        "",
        "## Sites that alone hold a group, everybody honest",
        "",
        *SURVIVAL.strip().format(rounds=ROUNDS_LONE, seeds=SEEDS_LONE, few=SEEDS_ATTACKED).split("\n"),
        "",
        *survival_table(lone["digits"], "Digits 7, 8 and 9", [f"recall of {d}" for d in LONE_DIGITS]),
        *survival_table(lone["tumours"], "Subtle malignant tumours", ["recall"]),
        *survival_table(lone["network"], "Subtle malignant tumours, a network", ["recall"]),
        "## A mean behind a clip",
        "",
        *CLIPPED.strip().format(rounds=ROUNDS_ATTACKED, seeds=SEEDS_ATTACKED).split("\n"),
        "",
        *clip_table(clips["digits"], lone["digits"], "Digits"),
        *clip_table(clips["tumours"], lone["tumours"], "Tumours"),
        *clip_table(clips["network"], lone["network"], "Tumours, a network"),
        "## Under attack",
        "",
        *ATTACKED.strip().format(rounds=ROUNDS_ATTACKED, seeds=SEEDS_ATTACKED).split("\n"),
        "",
        *([differences(tables), ""] if peer else []),
        *attack_tables(tables["digits"], "Digits", peer=peer is not None),
        *attack_tables(tables["tumours"], "Tumours", peer=peer is not None),
        *attack_tables(tables["network"], "Tumours, a network", peer=peer is not None),
    ]
    return "\n".join(lines).rstrip() + "\n"


INTRODUCTION = """
# Robust rules under attack

Made by `python -m bench.robust_table`; do not edit. The rules are those of
[Robust rules, to the bit](rules.md); which one when stands in
[Robust rules, explained](../explanation/robust-rules.md).

{members} members train one linear model of classes (softmax regression) by federated averaging, five local
steps a round, on data that scikit-learn ships: 1,797 handwritten digits, and the 569 Wisconsin tumours. A
third is held out. The rest is dealt out unlike: each member's share of every class is drawn from
Dirichlet(1). Members count alike. *Network* is the same tumours with the recipe `mlp.fedavg`, sixteen
hidden units, as it is. Figures are percentages, means over splits of as many seeds as each part says.
"""

CONCLUSION = """
- **Robust rules destroy minorities at sites that are not alike.** They do so without any attacker: what one
  site alone knows looks like a lie. Rules that choose words or members leave little or nothing of it once
  they are to tolerate a few; `centred_clipping`, which leaves nobody out, keeps more while it is told to
  tolerate one.
- A rule is worth its price where lies are likelier than rare truths. Where they are not, an exact sum behind
  a clip near the size of honest updates, which everybody can check in an open round, keeps more of what is
  rare, and withstands gross lies at most as well as the best rules. That size differs from model to model: a
  clip too wide does nothing, and one too near ruins the model, the rare first.
"""

SUMMARY = """
In short, the accuracy under each rule's worst attack, and what *survives* of the sites that alone hold a
group when everybody is honest. Both are explained below.
"""

SURVIVAL = """
Everybody is honest, and *tolerated* is only what the rule was told; {rounds} rounds, {seeds} splits ({few}
for the network). Three digits are each held by one site alone; of the tumours, the three tenths of the
malignant ones with the least concave points. *Recall*: the share of the held-out records of that group of
which the model tells the class. The first line is what the others' records teach: the mean, had nobody
those records. *Survives*: what the lone sites add to that recall under the rule, in per cent of what they
add under the mean.
"""

CLIPPED = """
No rule but the clip, which a node checks before it vouches for an update of an open round: no word of a
vector, honest or not, beyond it. {rounds} rounds and {seeds} splits under attack, as below; *survives* as
above. The first line is the clip of all other tables.
"""

ATTACKED = """
Here no group is at one site alone; {rounds} rounds, {seeds} splits. Cells: accuracy on held-out records
with our rule / with byzfl's, each having trained its own model. The rule was told to tolerate as many as
are bad, the mean none. In the column `none` those members are honest. *Refused*: no guarantee holds
(`check` says why).

| attack | what bad members send |
|---|---|
| sign flip | ten times the honest mean, backwards |
| inner product | one and a half times the honest mean, backwards |
| a little | the honest mean less as many deviations as hide it (Baruch et al. 2019) |
| gaussian | noise of ten times the honest words' size |
| mimic | the first honest member's vector |
| label flip | an honest update on exchanged labels |
"""
