"""What is no money, as a watcher sees it: acts, mandates, assets, budgets, admissions, votes."""

from typing import cast

from consortia.base.times import DAY, HOUR
from consortia.engines.watch.events import VALUE_MAX
from consortia.kernel.block import OK
from consortia.workers.seen import Look, Seen, faded, minutes, short


def acts(seen: Seen) -> None:
    """Every transaction: its cost, whether it was refused, the age of its key."""
    key = f"{seen.signer.name}/{short(seen.transaction.key)[:8]}"
    age = max(0, seen.time - seen.signer.since) // HOUR
    refused = int(seen.receipt.code != OK)
    seen.add("act", key, seen.transaction.calls[0].method, seen.receipt.cost, refused, age)


def mandates(seen: Seen) -> None:
    """Every transaction of an agent: its share of the cap, whether it was refused, methods tried that day."""
    if not seen.signer.agent:
        return
    row = seen.tables.row("tried", seen.signer.name, seen.time // DAY)
    if row[0] != seen.time // DAY:
        row[:] = [seen.time // DAY]
    used = 0
    for call in seen.transaction.calls:
        if call.method not in row[1:] and len(row) <= 16:
            row.append(call.method)
        cap = seen.signer.caps.get(cast("bytes", call.args.get("unit", b"")), 0)
        amount = call.args.get("amount", 0)
        if cap and isinstance(amount, int):
            used = max(used, amount * 1000 // cap)
    last = seen.transaction.calls[-1].method
    seen.add("mandate", seen.signer.name, last, used, int(seen.receipt.code != OK), len(row) - 1)


def assets(seen: Seen) -> None:
    """Data that joins a study, a model that answers: how much, and how old and how used its approval is."""
    tables = seen.tables
    for name in ("assets.registered", "assets.versioned", "assets.granted"):
        for body in seen.told(name):
            tables.put("asset", short(body["asset"]), seen.time, 0)
    uses = [
        (body["member"], body["dataset"], body["records"]) for body in seen.told("training.member_joined")
    ]
    uses += [(body["member"], body["model"], body["count"]) for body in seen.told("predictions.recorded")]
    for member, asset, records in uses:
        row = tables.row("asset", short(asset), seen.time, 0)
        row[1] += 1
        seen.add("access", member, short(asset), records, minutes(row[0], seen.time), row[1])


def budgets(seen: Seen) -> None:
    """A charge on a privacy budget: how much, how alike the question before was, and what is left."""
    tables = seen.tables
    for body in seen.told("training.study_proposed"):
        tables.put("study", short(body["study"]), body["proposer"])
    for body in seen.told("training.round_started"):
        tables.put("round", short(body["round"]), short(body["study"]), body["index"])
    for body in seen.told("training.update_submitted"):
        row = tables.row("round", short(body["round"]), short(body["study"]), 0)
        if body["member"] not in row[2:] and len(row) < 130:
            row.append(body["member"])
    for body in seen.told("training.budget_limited"):
        tables.put("limit", short(body["population"]), body["limit"])
    for body in seen.told("training.budget_charged"):
        population, cost = short(body["population"]), body["cost"]
        asked = tables.row("round", short(body["round"]), short(body["study"]), 0)
        before = tables.row("asked", population, 0, "", 0)
        overlap = _alike(asked[2:], before[3:]) if before[1:3] == asked[:2] else 0
        spent = min(VALUE_MAX, before[0] + cost)
        tables.put("asked", population, spent, *asked)
        limit = (tables.find("limit", population) or [0])[0]
        left = max(0, limit - spent) * 1000 // limit if limit else 1000
        (proposer,) = tables.find("study", short(body["study"])) or [seen.signer.member]
        seen.add("spend", proposer, population, cost // 1000, overlap, left)


def _alike(one: list[str], other: list[str]) -> int:
    """How much two cohorts have in common, per mille of all that are in either."""
    either = {*one, *other}
    return 1000 * len({*one} & {*other}) // len(either) if either else 0


def admissions(seen: Seen) -> None:
    """A member admitted: how long it is known, how many others live where it does, how fast it went."""
    tables = seen.tables
    for body in seen.told("identity.endpoint_set"):
        host = str(body["url"]).split("://")[-1].rsplit(":", 1)[0]
        row = tables.row("host", host)
        if body["member"] not in row and len(row) < 64:
            row.append(body["member"])
        tables.put("home", body["member"], host)
    for body in seen.told("identity.proposed"):
        if body["kind"] == "admission":
            first = (tables.find("proposed", body["name"]) or [seen.time])[0]
            tables.put("proposed", body["name"], first, seen.time, body["by"])
    for body in seen.told("identity.member_admitted"):
        row = tables.row("proposed", body["name"], seen.time, seen.time, seen.signer.member)
        home = (tables.find("home", body["name"]) or [""])[0]
        shared = len(set(tables.find("host", home) or []) - {body["name"]}) if home else 0
        days = max(0, seen.time - row[0]) // DAY
        seen.add("admission", row[2], body["name"], days, shared, minutes(row[1], seen.time))


def votes(seen: Seen) -> None:
    """A vote: how soon, what the voter received of late, and whether it voted otherwise before."""
    tables = seen.tables
    for body in seen.told("governance.proposal_opened"):
        tables.put("proposal", short(body["proposal"]), seen.time)
    for body in seen.told("governance.voted"):
        proposal, member = short(body["proposal"]), body["member"]
        (opened,) = tables.find("proposal", proposal) or [seen.time]
        last, amount = tables.find("received", member) or [0, 0]
        before = tables.find("voted", f"{proposal} {member}")
        changed = int(before is not None and before[0] != body["choice"])
        tables.put("voted", f"{proposal} {member}", body["choice"])
        actor = seen.signer.name if body["agent"] is not None else member
        received = faded(amount, seen.time - last, 2 * DAY)
        seen.add("vote", actor, proposal, minutes(opened, seen.time), received, changed)


ACTS: tuple[Look, ...] = (acts, mandates, assets, budgets, admissions, votes)
"""What is looked for beside what is money."""
