"""What is done to the bank, and what it answers."""

from consortia.modules.bank.messages import Issue, Redeem, Transfer
from consortia.testing.machine import Bench
from consortia.testing.scenarios import (
    Scenario,
    Step,
    bank_agents,
    bank_escrows,
    bank_payouts,
    bank_persons,
    bank_proposals,
    step,
)
from consortia.testing.scenarios.assets import digest
from consortia.testing.scenarios.bank_parts import made, new_unit

LARGEST = (1 << 63) - 1


def _fixed(bench: Bench) -> Step:
    return step("north", "operator", new_unit(rule="fixed", issue=LARGEST))


def _capped(bench: Bench) -> Step:
    return step("north", "admin", new_unit(rule="capped", cap=5_000, issue=0))


def _issue(bench: Bench) -> Step:
    return step("north", "operator", Issue(made(bench), "east", 500))


def _issue_to_the_cap(bench: Bench) -> Step:
    return step("north", "operator", Issue(made(bench, new_unit(rule="capped", cap=1_500)), "north", 500))


def _redeem(bench: Bench) -> Step:
    return step("north", "operator", Redeem(made(bench), 1_000))


def _pay(bench: Bench) -> Step:
    return step("north", "operator", Transfer("north", "east", made(bench), 400))


def _pay_all(bench: Bench) -> Step:
    return step("north", "admin", Transfer("north", "governance:treasury", made(bench), 1_000))


def _pay_an_account_of_ones_own(bench: Bench) -> Step:
    unit = made(bench)
    bench.ok("north", "operator", Transfer("north", "north/trader", unit, 400))
    return step("north", "operator", Transfer("north/trader", "north", unit, 150))


def _two_legs(bench: Bench) -> Step:
    unit, other = made(bench), made(bench, new_unit("hours"))
    legs = (Transfer("north", "east", unit, 10), Transfer("north", "south", other, 20))
    return step("north", "operator", *legs)


DONE = (
    Scenario("a unit of which all is there at once", _fixed),
    Scenario("a unit with a cap", _capped),
    Scenario("an issuer makes more of its unit for another", _issue),
    Scenario("an issuer makes a unit up to its cap", _issue_to_the_cap),
    Scenario("an issuer redeems all that came back", _redeem),
    Scenario("a member pays another", _pay),
    Scenario("a member pays all that it has into the treasury", _pay_all),
    Scenario("a member moves value between accounts of its own", _pay_an_account_of_ones_own),
    Scenario("two payments stand or fall together", _two_legs),
)


def _unknown_unit(bench: Bench) -> Step:
    made(bench)
    return step("north", "operator", Transfer("north", "east", digest("no unit"), 1))


def _issue_nothing_known(bench: Bench) -> Step:
    return step("north", "operator", Issue(digest("no unit"), "north", 1))


def _issue_of_another(bench: Bench) -> Step:
    return step("east", "operator", Issue(made(bench), "east", 1))


def _redeem_of_another(bench: Bench) -> Step:
    unit = made(bench)
    bench.ok("north", "operator", Transfer("north", "east", unit, 400))
    return step("east", "operator", Redeem(unit, 400))


def _pay_from_another(bench: Bench) -> Step:
    return step("east", "operator", Transfer("north", "east", made(bench), 1))


def _pay_from_the_treasury(bench: Bench) -> Step:
    unit = made(bench)
    bench.ok("north", "operator", Transfer("north", "governance:treasury", unit, 400))
    return step("north", "operator", Transfer("governance:treasury", "north", unit, 400))


def _pay_nobody(bench: Bench) -> Step:
    return step("north", "operator", Transfer("north", "nobody", made(bench), 1))


def _pay_the_vault(bench: Bench) -> Step:
    return step("north", "operator", Transfer("north", "bank:vault", made(bench), 1))


def _issue_to_nobody(bench: Bench) -> Step:
    return step("north", "operator", Issue(made(bench), "nobody/trader", 1))


def _pay_oneself(bench: Bench) -> Step:
    return step("north", "operator", Transfer("north", "north", made(bench), 1))


def _cap_without_rule(bench: Bench) -> Step:
    return step("north", "operator", new_unit(cap=5_000))


def _rule_without_cap(bench: Bench) -> Step:
    return step("north", "operator", new_unit(rule="capped"))


def _fixed_at_nothing(bench: Bench) -> Step:
    return step("north", "operator", new_unit(rule="fixed", issue=0))


def _code_taken(bench: Bench) -> Step:
    made(bench)
    return step("north", "operator", new_unit(title="Another"))


def _more_of_the_fixed(bench: Bench) -> Step:
    return step("north", "operator", Issue(made(bench, new_unit(rule="fixed")), "north", 1))


def _less_of_the_fixed(bench: Bench) -> Step:
    return step("north", "operator", Redeem(made(bench, new_unit(rule="fixed")), 1))


def _beyond_cap(bench: Bench) -> Step:
    return step("north", "operator", Issue(made(bench, new_unit(rule="capped", cap=1_500)), "north", 501))


def _overflow(bench: Bench) -> Step:
    return step("north", "operator", Issue(made(bench), "north", LARGEST))


def _overspent(bench: Bench) -> Step:
    return step("north", "operator", Transfer("north", "east", made(bench), 1_001))


def _overspent_by_two_legs(bench: Bench) -> Step:
    unit = made(bench)
    legs = (Transfer("north", "east", unit, 600), Transfer("north", "south", unit, 600))
    return step("north", "operator", *legs)


def _redeem_what_is_not_there(bench: Bench) -> Step:
    unit = made(bench)
    bench.ok("north", "operator", Transfer("north", "east", unit, 400))
    return step("north", "operator", Redeem(unit, 601))


REFUSED = (
    Scenario("a payment in no unit", _unknown_unit, "bank.unknown_unit"),
    Scenario("more of no unit", _issue_nothing_known, "bank.unknown_unit"),
    Scenario("more of another's unit", _issue_of_another, "bank.not_issuer"),
    Scenario("a holder redeems what another issued", _redeem_of_another, "bank.not_issuer"),
    Scenario("a payment from another's account", _pay_from_another, "bank.not_yours"),
    Scenario("a payment from the treasury by one member", _pay_from_the_treasury, "bank.not_yours"),
    Scenario("a payment to nobody", _pay_nobody, "bank.unknown_account"),
    Scenario("a payment into the vault", _pay_the_vault, "bank.unknown_account"),
    Scenario("more of a unit for nobody's agent", _issue_to_nobody, "bank.unknown_account"),
    Scenario("an account pays itself", _pay_oneself, "bank.same_account"),
    Scenario("a cap on what is made at will", _cap_without_rule, "bank.bad_supply"),
    Scenario("a capped unit without a cap", _rule_without_cap, "bank.bad_supply"),
    Scenario("a fixed unit of which there is nothing", _fixed_at_nothing, "bank.bad_supply"),
    Scenario("a second unit of one code", _code_taken, "bank.code_taken"),
    Scenario("more of a fixed unit", _more_of_the_fixed, "bank.fixed_supply"),
    Scenario("less of a fixed unit", _less_of_the_fixed, "bank.fixed_supply"),
    Scenario("one part more than the cap", _beyond_cap, "bank.beyond_cap"),
    Scenario("more parts than a number holds", _overflow, "bank.overflow"),
    Scenario("a payment of more than there is", _overspent, "bank.short_balance"),
    Scenario("two payments that are too much together", _overspent_by_two_legs, "bank.short_balance"),
    Scenario("an issuer redeems what others hold", _redeem_what_is_not_there, "bank.short_balance"),
)

SCENARIOS = (
    *DONE,
    *REFUSED,
    *bank_escrows.SCENARIOS,
    *bank_agents.SCENARIOS,
    *bank_payouts.SCENARIOS,
    *bank_proposals.SCENARIOS,
    *bank_persons.SCENARIOS,
)
