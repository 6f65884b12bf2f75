"""What the guard refuses."""

from consortia.base.times import DAY, HOUR
from consortia.modules.assets.types import Rights
from consortia.modules.guard import messages as asked
from consortia.modules.guard.types import (
    ALLOW_MILLISECONDS_MAX,
    COOLING_MILLISECONDS,
    MANDATE_MILLISECONDS_MAX,
    OVERTURNED_MAX,
    SUSPENSION_MILLISECONDS_MAX,
)
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Step, step
from consortia.testing.scenarios.assets import blob, digest
from consortia.testing.scenarios.governance_parts import later
from consortia.testing.scenarios.guard_parts import (
    SALT,
    acts,
    appealed,
    empowered,
    finding,
    labelled,
    learned,
    opening,
    policy,
    raised,
    row,
    suspended,
    suspending,
    with_agent,
)


def _no_policy(bench: Bench) -> Step:
    return step("north", "worker", asked.RaiseAlert(finding()))


def _neighbours_policy(bench: Bench) -> Step:
    bench.ok("north", "admin", policy())
    return step("east", "worker", asked.RaiseAlert(finding()))


def _no_rule(bench: Bench) -> Step:
    bench.ok("north", "admin", policy())
    return step("north", "worker", asked.RaiseAlert(finding(code="payment.invented")))


def _other_model(bench: Bench) -> Step:
    bench.ok("north", "admin", policy())
    other = finding(code="learned.transfer", model=digest("another model"))
    return step("north", "worker", asked.RaiseAlert(other))


def _flood(bench: Bench) -> Step:
    for _ in range(3):
        raised(bench)
    return step("north", "worker", asked.RaiseAlert(finding()))


def _no_alert(bench: Bench) -> Step:
    return step("north", "analyst", asked.LabelAlert(digest("nothing"), "honest"))


def _anothers(bench: Bench) -> Step:
    return step("east", "analyst", asked.LabelAlert(raised(bench), "honest"))


def _to_a_stranger(bench: Bench) -> Step:
    return step("north", "admin", asked.Assign(raised(bench), bench.key("east", "analyst").key_id))


def _to_a_machine(bench: Bench) -> Step:
    return step("north", "admin", asked.Assign(raised(bench), bench.key("north", "worker").key_id))


def _not_assigned(bench: Bench) -> Step:
    alert = raised(bench)
    bench.ok("north", "admin", asked.Assign(alert, bench.key("north", "analyst").key_id))
    return step("north", "operator", asked.Answer(alert, digest("nothing to see")))


def _labelled(bench: Bench) -> Step:
    alert = raised(bench)
    labelled(bench, alert, "hostile")
    return step("north", "operator", asked.LabelAlert(alert, "honest"))


def _one_person(bench: Bench) -> Step:
    alert = raised(bench)
    bench.ok("north", "analyst", asked.LabelAlert(alert, "hostile"))
    return step("north", "analyst", asked.LabelAlert(alert, "hostile"))


def _allow_hostile(bench: Bench) -> Step:
    alert = raised(bench)
    labelled(bench, alert, "hostile")
    return step("north", "operator", asked.Allow(alert, bench.time + DAY))


def _allow_for_ever(bench: Bench) -> Step:
    alert = raised(bench)
    labelled(bench, alert, "honest")
    return step("north", "operator", asked.Allow(alert, bench.time + 2 * ALLOW_MILLISECONDS_MAX))


def _without_mandate(bench: Bench) -> Step:
    alert = raised(bench)
    labelled(bench, alert, "hostile")
    return step("north", "approver", suspending(alert))


def _expired(bench: Bench) -> Step:
    empowered(bench)
    alert = raised(bench)
    labelled(bench, alert, "hostile")
    later(bench, MANDATE_MILLISECONDS_MAX)
    return step("north", "approver", suspending(alert))


def _overturned_thrice(bench: Bench) -> Step:
    for _ in range(OVERTURNED_MAX):
        suspended(bench)
        appealed(bench)
        for member in ("east", "west"):
            bench.ok(member, "approver", asked.JudgeAppeal("south", lift=True))
        later(bench, 4 * DAY)
    alert = raised(bench)
    labelled(bench, alert, "hostile")
    return step("north", "approver", suspending(alert))


def _wrong_opening(bench: Bench) -> Step:
    empowered(bench)
    alert = raised(bench)
    labelled(bench, alert, "hostile")
    return step("north", "approver", asked.Suspend(alert, SALT, opening("west"), HOUR))


def _itself(bench: Bench) -> Step:
    empowered(bench)
    alert = raised(bench, finding("north"))
    labelled(bench, alert, "hostile")
    return step("north", "approver", suspending(alert, "north"))


def _nobody(bench: Bench) -> Step:
    empowered(bench)
    alert = raised(bench, finding("nobody"))
    labelled(bench, alert, "hostile")
    return step("north", "approver", suspending(alert, "nobody"))


def _imprecise(bench: Bench) -> Step:
    empowered(bench, precision=949_999)
    with_agent(bench)
    return acts("north", suspending(raised(bench, learned())))


def _unlabelled(bench: Bench) -> Step:
    empowered(bench)
    return step("north", "approver", suspending(raised(bench)))


def _four_days(bench: Bench) -> Step:
    empowered(bench)
    alert = raised(bench)
    labelled(bench, alert, "hostile")
    return step("north", "approver", suspending(alert, milliseconds=SUSPENSION_MILLISECONDS_MAX + 1))


def _suspended_starts(bench: Bench) -> Step:
    suspended(bench)
    return step("south", "operator", blob("screen", rights=Rights(process=(), download=())))


def _twice(bench: Bench) -> Step:
    alert = suspended(bench)
    return step("north", "approver", suspending(alert))


def _cooling(bench: Bench) -> Step:
    empowered(bench, "east")
    suspended(bench)
    later(bench, 48 * HOUR)
    alert = raised(bench, member="east")
    labelled(bench, alert, "hostile", "east")
    return step("east", "approver", suspending(alert))


def _a_third(bench: Bench) -> Step:
    suspended(bench)
    alert = raised(bench, finding("west"))
    labelled(bench, alert, "hostile")
    return step("north", "approver", suspending(alert, "west"))


def _alert_again(bench: Bench) -> Step:
    alert = suspended(bench)
    bench.ok("north", "approver", asked.Lift("south"))
    later(bench, COOLING_MILLISECONDS)
    return step("north", "approver", suspending(alert))


def _appeals_late(bench: Bench) -> Step:
    suspended(bench)
    bench.ok("north", "approver", asked.Lift("south"))
    later(bench, COOLING_MILLISECONDS)
    return step("south", "operator", asked.Appeal(digest("too late")))


def _not_suspended(bench: Bench) -> Step:
    return step("north", "admin", asked.Lift("south"))


def _anothers_suspension(bench: Bench) -> Step:
    suspended(bench)
    return step("south", "admin", asked.Lift("south"))


def _appeals_twice(bench: Bench) -> Step:
    suspended(bench)
    appealed(bench)
    return step("south", "operator", asked.Appeal(digest("again")))


def _no_appeal(bench: Bench) -> Step:
    suspended(bench)
    return step("east", "approver", asked.JudgeAppeal("south", lift=True))


def _author_judges(bench: Bench) -> Step:
    suspended(bench)
    appealed(bench)
    return step("north", "approver", asked.JudgeAppeal("south", lift=False))


def _judges_twice(bench: Bench) -> Step:
    suspended(bench)
    appealed(bench)
    bench.ok("east", "approver", asked.JudgeAppeal("south", lift=True))
    return step("east", "approver", asked.JudgeAppeal("south", lift=False))


REFUSED = (
    row("an alert without a policy", _no_policy, "guard.no_policy"),
    row("an alert under a neighbour's policy", _neighbours_policy, "guard.no_policy"),
    row("an alert for a reason that no rule gives", _no_rule, "guard.not_pinned"),
    row("an alert by another model than the policy pins", _other_model, "guard.not_pinned"),
    row("a flood of alerts", _flood, "guard.flood"),
    row("a label for no alert", _no_alert, "guard.no_alert"),
    row("a neighbour silences an alert", _anothers, "guard.not_yours"),
    row("an alert given to a stranger", _to_a_stranger, "guard.no_person"),
    row("an alert given to a machine", _to_a_machine, "guard.no_person"),
    row("an answer by somebody else", _not_assigned, "guard.not_assigned"),
    row("a third label", _labelled, "guard.labelled"),
    row("one person with four eyes", _one_person, "guard.four_eyes"),
    row("the like of a hostile alert is to pass", _allow_hostile, "guard.not_honest"),
    row("the like is to pass for ever", _allow_for_ever, "guard.too_long"),
    row("a suspension without a network mandate", _without_mandate, "guard.no_mandate"),
    row("a suspension under an expired one", _expired, "guard.no_mandate"),
    row("a suspension by a guard that was overturned thrice", _overturned_thrice, "guard.no_mandate"),
    row("a suspension of another than the alert is about", _wrong_opening, "guard.wrong_opening"),
    row("a guard suspends its own member", _itself, "guard.itself"),
    row("a suspension of nobody", _nobody, "guard.no_member"),
    row("a suspension by an imprecise model alone", _imprecise, "guard.not_certain"),
    row("a suspension by one person", _unlabelled, "guard.not_certain"),
    row("a suspension of more than 72 hours", _four_days, "guard.too_long"),
    row("a suspended member starts something new", _suspended_starts, "guard.suspended"),
    row("a suspended member is suspended again", _twice, "guard.suspended"),
    row("another guard suspends at once again", _cooling, "guard.cooling"),
    row("a second of four members is suspended", _a_third, "guard.too_many"),
    row("one alert suspends again", _alert_again, "guard.used"),
    row("an appeal when all is over", _appeals_late, "guard.not_suspended"),
    row("nothing is lifted", _not_suspended, "guard.not_suspended"),
    row("the suspended member lifts its suspension", _anothers_suspension, "guard.not_yours"),
    row("an appeal again", _appeals_twice, "guard.appealed"),
    row("a judgement before an appeal", _no_appeal, "guard.no_appeal"),
    row("the author judges the appeal", _author_judges, "guard.no_judge"),
    row("one member judges twice", _judges_twice, "guard.judged"),
)
