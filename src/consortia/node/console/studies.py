"""Studies and their rounds: who takes part, who is awaited, who re-computed what."""

from consortia.modules.assets.queries import AssetPage, ListAssets, ListVersions, VersionPage
from consortia.modules.training import rules
from consortia.modules.training.list_queries import ListStudies, StudyPage
from consortia.modules.training.queries import Awaited, ById, StudyView
from consortia.modules.training.types import Round
from consortia.node.console.acts import offer
from consortia.node.console.inside import Inside
from consortia.node.console.screen import Screen
from consortia.node.http import Asked
from consortia.node.http_answers import hex_digest
from consortia.sdk.html import Html, tag
from consortia.sdk.moments import moment
from consortia.sdk.paging import round_pages
from consortia.sdk.values import short
from consortia.sdk.views import Cell, Line, Link, Moment, Series, Table
from consortia.workers.curves import FOLDER, Curves

_PAGE = 100
_OWN_MAX = 8
_QUALITY = "Quality of the model"
_UNMEASURED = (
    "Nothing was measured here. The ledger holds no figure of anybody's records: each member's worker "
    "measures the model of each round on the member's own, once there is one, and tells nobody. This member "
    "takes no part yet, its worker keeps its files elsewhere, or the recipe has no model before its end."
)
_NOT_YOURS = (
    "Only the own officers of the member whose node this is see here how the model does on the records that "
    "it trains with. The node of your member shows how it does on yours."
)
_CHARTS = (
    (_QUALITY, "share", ("accuracy", "AUROC", "always the commoner class", "concordance")),
    ("Loss of the model", "nats a record", ("log loss",)),
    ("Error of the model", "in the label's unit", ("root mean square error", "always the mean")),
)
"""The charts: title, unit, and the measures (`engines.evaluate.measures`) that each has a line for."""


def studies(asked: Asked) -> Screen:
    """All studies."""
    after = asked.argument("after")
    start = hex_digest(after, "after") if after else None
    page = Inside(asked.service).query("training.studies", ListStudies(None, start, _PAGE), StudyPage)
    rows: list[tuple[Cell, ...]] = [
        (
            Link(one.title or one.name, f"/console/studies/{one.id.hex()}"),
            one.proposer,
            one.purpose,
            one.status,
            f"{one.index} of {one.rounds}",
        )
        for one in page.studies
    ]
    if page.next is not None:
        rows.append((Link("more", f"?after={page.next.hex()}"), *(None,) * 4))
    headings = ("study", "proposed by", "purpose", "status", "rounds final")
    return Screen(
        "Studies",
        "Training plans that members join: each round is summed and re-computed by all.",
        (Table("Studies", headings, tuple(rows)),),
    )


def one_study(asked: Asked) -> Screen:
    """A study: its progress, its rounds, its members, its terms."""
    name = hex_digest(asked.path("id"), "a study's id")
    way = Inside(asked.service)
    seen = way.query("training.study", ById(name), StudyView)
    awaited = way.query("training.awaited", ById(name), Awaited)
    rounds = _newest(way, seen)
    terms, total = seen.study.terms, rules.rounds_of(seen.study.terms.stages)
    final = min(seen.progress.index, total)
    parts: tuple[tuple[Cell, ...], ...] = tuple(
        (
            Link(part.member, f"/console/members/{part.member}"),
            Link(short(part.part.dataset), f"/console/assets/{part.part.dataset.hex()}"),
            part.part.records,
            _standing(part.part.until, absent=part.part.absent),
        )
        for part in seen.parts
    )
    facts: tuple[tuple[Cell, ...], ...] = (
        ("proposed by", seen.study.proposer),
        ("purpose", terms.purpose),
        ("recipe", terms.recipe.name),
        ("sums", ", ".join(dict.fromkeys(f"{stage.mode}, {stage.rule}" for stage in terms.stages))),
        ("quorum", terms.quorum),
        ("proposed", Moment(seen.study.time)),
        (
            "model",
            None
            if seen.progress.model is None
            else Link(terms.model_title or terms.model_name, f"/console/assets/{seen.progress.model.hex()}"),
        ),
        *([("why it ended", seen.progress.reason)] if seen.progress.reason else []),
        ("id", seen.study.id),
    )
    return Screen(
        terms.title or terms.name,
        f"A study that is {seen.progress.status}."
        + (f" Charts and tables show its newest {_PAGE} rounds." if final > _PAGE else ""),
        (
            _to_take_part(asked, way, seen),
            _progress(final, total, awaited),
            *_quality(asked, seen, rounds),
            _curve(rounds),
            _rounds(rounds),
            Table("Members", ("member", "data set", "records", "standing"), parts),
            Table("Terms", ("what", "value"), facts),
        ),
    )


def _newest(way: Inside, seen: StudyView) -> tuple[Round, ...]:
    """Every try of the newest rounds, of so many as a page shows."""
    first = max(0, seen.progress.index - _PAGE)
    return tuple(round_ for page in round_pages(way.query, seen.study.id, first) for round_ in page.rounds)


def _to_take_part(asked: Asked, way: Inside, seen: StudyView) -> Html:
    """What an officer of the member can do: join with a data set of its own, start, leave, cancel."""
    member, study = asked.service.config.member, {"study": seen.study.id.hex()}
    status, joined = seen.progress.status, any(one.member == member for one in seen.parts)
    acts: list[tuple[str, str, dict[str, str]]] = []
    if status == "proposed" and not joined:
        acts += [
            (f"Join with {one}", "training.join", {**study, **filled}) for one, filled in _own(way, member)
        ]
    if status == "proposed" and seen.study.proposer == member:
        acts.append(("Start", "training.start", study))
    if status in {"proposed", "running"} and joined:
        acts.append(("Leave", "training.leave", study))
    if status in {"proposed", "running"} and seen.study.proposer == member:
        acts.append(("Cancel", "training.cancel", study))
    return offer(*acts)


def _own(way: Inside, member: str) -> list[tuple[str, dict[str, str]]]:
    """The member's own data sets, with what joining names of their newest versions."""
    found = way.query("assets.assets", ListAssets(member, "dataset", None, _OWN_MAX), AssetPage).assets
    filled = []
    for one in found:
        if one.withdrawn is None:
            wanted = ListVersions(one.id, one.version - 1, 1)
            for version in way.query("assets.versions", wanted, VersionPage).versions:
                known = {"dataset": one.id, "version": version.number, "records": version.count}
                filled.append(
                    (one.name, {k: v.hex() if isinstance(v, bytes) else str(v) for k, v in known.items()})
                )
    return filled


def _standing(until: int | None, *, absent: bool) -> str:
    if until is not None:
        return f"left before round {until + 1}"
    return "absent" if absent else "takes part"


def _progress(final: int, total: int, awaited: Awaited) -> Html:
    whom = tuple(dict.fromkeys((*awaited.members, *awaited.answers)))
    until = "" if awaited.deadline is None else f" until {moment(awaited.deadline)}"
    text = f"{', '.join(whom)} awaited: {awaited.action}{until}" if whom else "Nobody is awaited."
    bar = tag(
        "progress", f"{final} of {total}", max=max(1, total), value=final, aria_label="Rounds that are final"
    )
    return tag("div", tag("p", f"{final} of {total} rounds are final. ", text), bar, class_="progress")


def _quality(asked: Asked, seen: StudyView, rounds: tuple[Round, ...]) -> tuple[Html | Series, ...]:
    """How the model of each final round does on the records of the node's own member, as its worker noted."""
    if not asked.own:  # a key of another member's opens the page as well
        return (_instead(_NOT_YOURS),)
    known = Curves(asked.service.home.private / FOLDER).read(seen.study.id)
    ends = [(str(one.index + 1), one.outcome.state.hex()) for one in rounds if one.outcome is not None]
    found = [(at, known[state]) for at, state in ends if state in known]
    if not found:
        return (_instead(_UNMEASURED),)
    note = (
        f"Measured here on {found[-1][1].records:,} of the records that {asked.service.config.member} trains "
        "with, and told to nobody: other members see their own. On records that it never saw a model may "
        "do worse."
    )
    at = tuple(at for at, _ in found)
    charts = []
    for title, unit, names in _CHARTS:
        lines = tuple(
            Line(name, tuple(one.measures[name] for _, one in found))
            for name in names
            if all(name in one.measures for _, one in found)
        )
        if lines:
            charts.append(Series(title, "round", unit, at, lines, note))
    return tuple(charts)


def _instead(why: str) -> Html:
    """What stands in the place of the charts of quality."""
    return tag("section", tag("h2", _QUALITY), tag("p", why, class_="note"), class_="view")


def _curve(rounds: tuple[Round, ...]) -> Series:
    """By round: whose updates count, who re-computed the sum to the same bits, and who was missing."""
    done = [one for one in rounds if one.status != "open"]
    at = tuple(f"{one.index + 1}" + (f", try {one.attempt + 1}" if one.attempt else "") for one in done)
    lines = (
        Line("updates that count", tuple(float(len(one.cohort)) for one in done)),
        Line("re-computed it, bit for bit", tuple(float(_agreeing(one)) for one in done)),
        Line("missing", tuple(float(len(one.missing)) for one in done)),
    )
    return Series("Rounds", "round", "members", at, lines)


def _agreeing(one: Round) -> int:
    return len(one.members) - len(one.missing) - len(one.differing) if one.outcome is not None else 0


def _rounds(rounds: tuple[Round, ...]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            one.index + 1,
            one.attempt + 1,
            one.status,
            one.step if one.status == "open" else None,
            len(one.cohort),
            one.cohort_records,
            _agreeing(one),
            ", ".join(one.differing) or None,
            ", ".join(one.missing) or None,
            None if one.outcome is None else short(one.outcome.sum),
        )
        for one in reversed(rounds)
    ]
    headings = ("round", "try", "status", "step", "updates", "records", "agree", "differ", "missing", "sum")
    return Table("Round by round", headings, tuple(rows))
