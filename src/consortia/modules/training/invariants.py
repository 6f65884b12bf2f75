"""What must hold after every block."""

from consortia.kernel.context import Context
from consortia.modules.training import rules
from consortia.modules.training.masks import concerned, held, kind_due
from consortia.modules.training.ports import Ports
from consortia.modules.training.state import (
    BUDGETS,
    OPEN,
    PROGRESS,
    ROUNDS,
    STUDIES,
    complaints_of,
    dealings_of,
    open_round,
    parts_of,
    results_of,
    revealed_of,
    secrets_of,
    submissions_of,
)
from consortia.modules.training.types import Round


def parts(ctx: Context, ports: Ports) -> str | None:
    """Studies are listed as open exactly while they are; contributors joined; finished ones have a model."""
    for _, study in STUDIES.scan(ctx):
        progress = PROGRESS.get(ctx, study.id)
        if progress is None:
            return f"study {study.id.hex()} has no progress"
        if OPEN.has(ctx, study.proposer, study.id) != (progress.status in {"proposed", "running"}):
            return f"study {study.id.hex()} is {progress.status}, and listed otherwise"
        joined = parts_of(ctx, study.id)
        if any(name not in joined for name in progress.contributors):
            return f"study {study.id.hex()} counts an update of somebody who never joined"
        if (progress.status == "finished") != (progress.model is not None):
            return f"study {study.id.hex()} is {progress.status}, and its model says otherwise"
    return None


def rounds(ctx: Context, ports: Ports) -> str | None:
    """A study has at most one open round: the one that its progress names, while it runs."""
    for _, study in STUDIES.scan(ctx):
        progress = PROGRESS.get(ctx, study.id)
        opened = [this for _, this in ROUNDS.scan(ctx, study.id) if this.status == "open"]
        if progress is None or len(opened) > 1:
            return f"study {study.id.hex()} has {len(opened)} open rounds"
        this = open_round(ctx, progress, study.id)
        if opened != ([] if this is None else [this]):
            return f"study {study.id.hex()} names another open round than it has"
        complete = progress.index == rules.rounds_of(study.terms.stages)
        if (this is not None) != (progress.status == "running" and not complete):
            return f"study {study.id.hex()} is {progress.status} at round {progress.index}"
    return None


def cohorts(ctx: Context, ports: Ports) -> str | None:
    """A cohort consists of members with updates; behind an outcome stand more than two thirds."""
    for _, this in ROUNDS.scan(ctx):
        text = _cohort(ctx, this)
        if text is not None:
            return f"round {this.id.hex()}: {text}"
    return None


def masks(ctx: Context, ports: Ports) -> str | None:
    """Shares are kept only while they may be needed; secrets are of the one kind due, for every dealer."""
    for _, this in ROUNDS.scan(ctx):
        live = this.status == "open" and this.step in {"shares", "submit", "reveal"}
        complaints = complaints_of(ctx, this.id)
        if not live and (dealings_of(ctx, this.id) or revealed_of(ctx, this.id) or complaints):
            return f"round {this.id.hex()} keeps shares that nobody needs"
        if any(holder == dealer or dealer not in held(this, holder) for dealer, holder in complaints):
            return f"round {this.id.hex()} has a complaint of somebody who holds no such shares"
        secrets = secrets_of(ctx, this.id)
        if secrets and tuple(secrets) != concerned(this):
            return f"round {this.id.hex()} has secrets of others than its dealers"
        for name, secret in secrets.items():
            if secret.kind != kind_due(this, name):
                return f"round {this.id.hex()} shows the secret of {name} that was to be kept"
    return None


def budgets(ctx: Context, ports: Ports) -> str | None:
    """No population has been charged beyond its limit."""
    for key, budget in BUDGETS.scan(ctx):
        if budget.limit is not None and budget.spent > budget.limit:
            return f"population {key[0]!r} has spent {budget.spent} of {budget.limit}"
    return None


def _cohort(ctx: Context, this: Round) -> str | None:
    updates, results = submissions_of(ctx, this.id), results_of(ctx, this.id)
    if any(name not in this.members for name in (*updates, *results)):
        return "somebody outside it has an update or a result in it"
    if not set(this.cohort) <= set(this.dealers or this.cohort) or not set(this.dealers) <= set(this.keyed):
        return "a member of the cohort dealt no shares, or a dealer has no keys"
    if any(name not in updates for name in this.cohort):
        return "a member of the cohort has no update"
    if results and not this.cohort:
        return "there are results without a cohort"
    if (this.outcome is not None) != (this.status == "final"):
        return f"it is {this.status}, and its outcome says otherwise"
    if this.outcome is not None:
        behind = sum(
            result.commitment == rules.commitment(this.id, name, this.outcome)
            for name, result in results.items()
        )
        if behind < rules.needed(len(this.members)):
            return f"{behind} of {len(this.members)} members are behind its outcome"
    return None
