"""What is done to the guard, and what it answers."""

from consortia.base.times import DAY, HOUR
from consortia.modules.assets.types import Rights
from consortia.modules.guard import messages as asked
from consortia.modules.guard.types import COOLING_MILLISECONDS, SUSPENSION_MILLISECONDS_MAX
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Step, step
from consortia.testing.scenarios.assets import blob, digest
from consortia.testing.scenarios.governance_parts import executes, later, opened, ready, vote
from consortia.testing.scenarios.guard_parts import (
    acts,
    appealed,
    empowered,
    empowering,
    finding,
    labelled,
    learned,
    policy,
    raised,
    row,
    suspended,
    suspending,
    with_agent,
)
from consortia.testing.scenarios.guard_refused import REFUSED


def _policy(bench: Bench) -> Step:
    return step("north", "admin", policy())


def _policy_again(bench: Bench) -> Step:
    bench.ok("north", "admin", policy())
    return step("north", "admin", policy(rules=(), daily=1))


def _by_rule(bench: Bench) -> Step:
    bench.ok("north", "admin", policy())
    return step("north", "worker", asked.RaiseAlert(finding()))


def _by_model(bench: Bench) -> Step:
    bench.ok("north", "admin", policy())
    with_agent(bench)
    return acts("north", asked.RaiseAlert(learned()))


def _next_day(bench: Bench) -> Step:
    for _ in range(3):
        raised(bench)
    later(bench, DAY)
    return step("north", "worker", asked.RaiseAlert(finding()))


def _assigned(bench: Bench) -> Step:
    return step("north", "admin", asked.Assign(raised(bench), bench.key("north", "analyst").key_id))


def _answered(bench: Bench) -> Step:
    alert = raised(bench)
    bench.ok("north", "admin", asked.Assign(alert, bench.key("north", "analyst").key_id))
    return step("north", "analyst", asked.Answer(alert, digest("a payroll")))


def _first_label(bench: Bench) -> Step:
    return step("north", "analyst", asked.LabelAlert(raised(bench), "hostile"))


def _second_label(bench: Bench) -> Step:
    alert = raised(bench)
    bench.ok("north", "analyst", asked.LabelAlert(alert, "hostile"))
    return step("north", "approver", asked.LabelAlert(alert, "hostile"))


def _disagrees(bench: Bench) -> Step:
    alert = raised(bench)
    bench.ok("north", "analyst", asked.LabelAlert(alert, "hostile"))
    return step("north", "approver", asked.LabelAlert(alert, "honest"))


def _allowed(bench: Bench) -> Step:
    alert = raised(bench)
    labelled(bench, alert, "honest")
    return step("north", "operator", asked.Allow(alert, bench.time + DAY))


def _empowered(bench: Bench) -> Step:
    return executes(ready(bench, "members", empowering(bench)))


def _disempowered(bench: Bench) -> Step:
    empowered(bench)
    return executes(ready(bench, "members", asked.Disempower("north")))


def _by_itself(bench: Bench) -> Step:
    empowered(bench)
    with_agent(bench)
    return acts("north", suspending(raised(bench)))


def _by_a_precise_model(bench: Bench) -> Step:
    empowered(bench)
    with_agent(bench)
    return acts("north", suspending(raised(bench, learned())))


def _by_people(bench: Bench) -> Step:
    empowered(bench)
    alert = raised(bench, learned())
    labelled(bench, alert, "hostile")
    return step("north", "approver", suspending(alert, milliseconds=SUSPENSION_MILLISECONDS_MAX))


def _after_cooling(bench: Bench) -> Step:
    suspended(bench)
    later(bench, 24 * HOUR + COOLING_MILLISECONDS)
    alert = raised(bench)
    labelled(bench, alert, "hostile")
    return step("north", "approver", suspending(alert))


def _lifted(bench: Bench) -> Step:
    suspended(bench)
    return step("north", "admin", asked.Lift("south"))


def _appeals(bench: Bench) -> Step:
    suspended(bench)
    return step("south", "operator", asked.Appeal(digest("it was a payroll")))


def _lifted_and_counted(bench: Bench) -> Step:
    suspended(bench)
    bench.ok("north", "approver", asked.Lift("south"))
    appealed(bench)
    bench.ok("east", "approver", asked.JudgeAppeal("south", lift=True))
    return step("west", "approver", asked.JudgeAppeal("south", lift=True))


def _judged(bench: Bench) -> Step:
    suspended(bench)
    appealed(bench)
    return step("east", "approver", asked.JudgeAppeal("south", lift=False))


def _overturned(bench: Bench) -> Step:
    suspended(bench)
    appealed(bench)
    bench.ok("east", "approver", asked.JudgeAppeal("south", lift=True))
    return step("west", "approver", asked.JudgeAppeal("south", lift=True))


def _votes_all_the_same(bench: Bench) -> Step:
    suspended(bench)
    return step("south", "approver", vote(opened(bench), "south"))


def _over(bench: Bench) -> Step:
    suspended(bench)
    later(bench, 24 * HOUR)
    return step("south", "operator", blob("screen", rights=Rights(process=(), download=())))


DONE = (
    row("a member sets its guard's policy", _policy),
    row("a member sets another version of it", _policy_again),
    row("a worker raises an alert by an exact rule", _by_rule),
    row("an agent raises an alert by the pinned model", _by_model),
    row("the next day alerts are counted anew", _next_day),
    row("an alert is given to an analyst", _assigned),
    row("the analyst says what came out", _answered),
    row("a first person labels an alert", _first_label),
    row("a second officer's label makes it stand", _second_label),
    row("a second officer disagrees, and is now the first", _disagrees),
    row("the like of an honest alert is let pass", _allowed),
    row("the members let a guard suspend", _empowered),
    row("the members take that away", _disempowered),
    row("a guard suspends by itself for an exact rule", _by_itself),
    row("a guard suspends by itself with a precise model", _by_a_precise_model),
    row("officers suspend for what two of them called hostile", _by_people),
    row("a member is suspended again after 72 hours", _after_cooling),
    row("the author lifts a suspension", _lifted),
    row("a suspended member appeals", _appeals),
    row("a member keeps a suspension", _judged),
    row("more than half lift it, against its author", _overturned),
    row("more than half lift what its author lifted in time", _lifted_and_counted),
    row("a suspended member votes all the same", _votes_all_the_same),
    row("a suspension that is over stops nothing", _over),
)

SCENARIOS = DONE + REFUSED
