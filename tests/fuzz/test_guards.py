"""Take each guard of the law away in turn: the auditors find every one, or it guards what cannot be."""

import pytest

from consortia.kernel import admission
from consortia.modules.assets import handlers as asset_handlers
from consortia.modules.assets import keeper as asset_keeper
from consortia.modules.bank import checks as bank_checks
from consortia.modules.bank import escrows, payouts
from consortia.modules.bank import handlers as bank_handlers
from consortia.modules.identity import (
    decisions,
    enrolling,
    granting,
    handlers,
    keyring,
    mandates,
    persons,
    roll,
)
from consortia.modules.predictions import acting
from consortia.modules.predictions import handlers as prediction_handlers
from consortia.modules.training import handlers as training_handlers
from consortia.modules.training import masked, steps
from consortia.testing.auditors import Found
from consortia.testing.auditors.guards import guards, taken_away
from consortia.testing.auditors.world import Setting, World
from tests.fuzz.sampling import some

FOCUS = {
    decisions: "identity",
    handlers: "identity",
    keyring: "identity",
    granting: "identity",
    enrolling: "identity",
    persons: "identity",
    mandates: "identity",
    roll: "identity",
    asset_handlers: "assets",
    asset_keeper: "assets",
    prediction_handlers: "predictions",
    acting: "predictions",
    training_handlers: "training",
    bank_handlers: "bank",
    bank_checks: "bank",
    escrows: "bank",
    payouts: "bank",
    admission: "identity",
}
GUARDS = [guard for room in FOCUS for guard in guards(room)]
ROUNDS = {masked: "training", steps: "training"}
OF_ROUNDS = (
    *("masked.publish_keys already_done", "masked.publish_keys bad_keys", "masked.deal_shares already_done"),
    *("masked.deal_shares other_keys", "masked.reveal already_done", "masked.reveal not_as_dealt"),
    *("steps.seal_update already_done", "steps._check_seal not_sealed", "steps._check_seal not_as_sealed"),
    *("steps.submit already_done", "steps.submit bad_availability", "steps.close wrong_round"),
    *("steps.close too_early", "steps.commit_result already_done"),
)
"""Guards of the steps of rounds that worlds come to within some hundred moves. Others they come to after
thousands, if at all: a world is seldom at the step, and the scenarios of the vectors hold them."""

MOVES_MAX = 12_000
"""A missing guard is found within so many moves, most within a few hundred."""

pytestmark = pytest.mark.slow

EQUIVALENT_MOVES = 900
WORLD_MOVES = 300
CROWD_MOVES = 1_500

_PAID = ("teach", "open_payout", "score", "confirm_scores", "settle")
_LET_GO = ("approve", "set_hold", "transfer")
PRESSED_BANK = {
    "issued_unit": ("issue", "redeem"),
    "open_escrow": ("release", "refund", "approve", "take"),
    "check_spender": ("pay_by_agent", "employ", "issue", "transfer"),
    "check_account": ("transfer", "open_escrow"),
    "check_balance": ("transfer", "offer"),
    "check_unit": ("transfer", "offer"),
    "open_": ("open_escrow",),
    "set_hold": ("set_hold", "transfer"),
    "approve": _LET_GO,
    "_check_person": _LET_GO,
    "_check_condition": ("open_escrow",),
    "release": ("release", "open_escrow", "set_hold"),
    "refund": ("refund", "open_escrow", "teach"),
    "take": ("take", "offer", "set_hold"),
    "_price": ("take", "open_escrow"),
    "open_payout": ("teach", "open_payout", "transfer"),
    **dict.fromkeys(("settle", "_scoring"), _PAID),
    "confirm_scores": ("teach", "open_payout", "score", "confirm_scores"),
    "score": ("teach", "open_payout", "score"),
}
"""The same of the bank, by function."""

PRESSED = {
    "one_at_a_time": ("grant_mandate", "defer", "perform"),
    "network_full": ("propose_member", "approve_member", "accept"),
    "too_many_keys": ("pile_up_keys",),
    "not_mandated": ("grant_mandate", "defer"),
    "too_costly": ("grant_mandate", "defer"),
    "nothing_waits": ("grant_mandate", "defer", "perform"),
    "not_due": ("grant_mandate", "defer", "perform"),
    "check_calls": ("grant_mandate", "defer"),
    "defer": ("grant_mandate", "defer"),
    "too_many_agents": ("pile_up_agents",),
    "too_many_persons": ("pile_up_persons", "set_quota"),
    "no_person": ("enrol", "release"),
    "label_taken": ("enrol", "grant_mandate"),
    "check_person_key": ("enrol", "rekey"),
    "signing": ("enrol", "rekey", "release"),
    "_check_purse": ("enrol", "pester", "set_quota"),
    "check_name": ("grant_mandate",),
    "check_order": ("grant_mandate",),
    "check_agent_key": ("grant_mandate",),
    "agent_acts": ("grant_mandate",),
    "mandate_over": ("grant_mandate", "end_mandate", "spend"),
    "unit_not_mandated": ("grant_mandate", "spend"),
    "over_act_cap": ("grant_mandate", "spend"),
    "over_window_cap": ("grant_mandate", "spend"),
    "no_act": ("grant_mandate", "spend", "act"),
    "outside_mandate": ("grant_mandate", "spend", "act"),
    "_check_bounds": ("grant_mandate", "spend", "act"),
    "check_account": ("grant_mandate", "act"),
    "too_many_permissions": ("pile_up_purposes", "register"),
    "approve_removal": ("propose_removal", "approve_removal"),
    "withdraw": ("propose_quota", "withdraw"),
    "new_version": ("register", "new_version"),
    "Keeper.register_model": ("register", "make"),
    "too_many_studies": ("pile_up_studies",),
    "dataset_closed": ("close_data", "go_on", "join"),
    "propose": ("propose_nonsense",),
    "_check_budgets": ("join", "limit_budget", "share_population"),
    "_round_of_keys": ("keys_ahead", "go_on"),
    "leave": ("leave", "go_on"),
    "come_back": ("come_back", "go_on"),
    "start": ("start", "join"),
    "finish": ("finish", "go_on"),
    "close": ("close", "go_on"),
}
"""What work at random seldom comes to, by refusal or function, and the moves that press for it. A function
that is a move is pressed for by its own name."""

EQUIVALENT = {
    "modules.identity.decisions.end_membership not_a_member": (
        "its callers name a member: `leave` the signer's, which `acting` found in force, the removals one "
        "whose removal is open, and no removal outlives its member"
    ),
    "modules.identity.enrolling.rekey no_person": (
        "only a person's key has the role that signs it, and of such a key `signing` finds the person"
    ),
    "modules.identity.handlers._member not_a_member": (
        "it is asked for the signer's member, which `acting` found in force, and for a founder just written"
    ),
    "modules.assets.handlers._check_open unknown_parent": (
        "a new asset's parents were found by `_bound` three lines above, and a granted one's when it was "
        "registered; nothing deletes an asset or a version"
    ),
    "modules.assets.keeper.Keeper._rights unknown_parent": (
        "`register_model` has found a version of every parent, and no version stands without its asset"
    ),
}
"""Guards that no transaction can come to, and why: they are there for the reader and the type checker."""

ELSEWHERE = {
    "modules.training.handlers.join study_full": (
        "no world has 64 members with data; the scenario `a sixty-fourth member joins` of the vectors does"
    ),
    "modules.training.handlers._check_budgets bad_lineage": (
        "the first of the two: no world grows a lineage of more than 256 data sets, where the assets' port "
        "stops looking"
    ),
    "kernel.admission.Admission._permitted unknown_method": (
        "no world's software brings methods of rules that are not in force; `tests/kernel` tries it"
    ),
    "modules.predictions.acting.perform check_stopped": (
        "no council sits in these worlds; `an act that waited waits while its call is stopped` tries it"
    ),
    "kernel.admission.Admission._check_cost block_full": (
        "the first of the two: shares keep a block within its limits, but for an ordinary transaction of "
        "more than three quarters of it behind urgent ones, which no world makes and `tests/kernel` does"
    ),
}
"""Guards that these worlds are too small for: of several with one name, the first."""

FIRST = {guard.name: guard for guard in reversed(GUARDS)}
HUNTED = [
    *(
        guard
        for guard in GUARDS
        if guard.name not in EQUIVALENT and not (guard.name in ELSEWHERE and guard is FIRST[guard.name])
    ),
    *(
        guard
        for room in ROUNDS
        for guard in guards(room)
        if guard.name.removeprefix("modules.training.") in OF_ROUNDS
    ),
]


def hunt(guard, moves_max):
    """Play worlds until an auditor finds that the guard is missing; the number of moves it took, or None."""
    done, seed, focus = 0, 0, (FOCUS | ROUNDS)[guard.room]
    alone = ("go_on",) if focus == "training" else ()
    known = PRESSED.get(guard.what) or PRESSED.get(guard.function)
    known = PRESSED_BANK.get(guard.function) if focus == "bank" else known
    pressed = known or (guard.function, *alone)
    while done < moves_max:
        least, kinds = {"training": (3, 4), "bank": (3, 2)}.get(focus, (1, 4))
        founders = 127 + seed % 2 if guard.what == "network_full" else least + seed % kinds
        setting = Setting(focus, founders, pressed)
        try:
            world = World(seed, setting)
        except Found:
            return done
        try:
            while world.moves < (CROWD_MOVES if founders > 4 else WORLD_MOVES):
                world.block()
        except Found:
            return done + world.moves
        done, seed = done + world.moves, seed + 1
    return None


@pytest.mark.parametrize("guard", some(HUNTED))
def test_a_guard_that_is_taken_away_is_missed_by_an_auditor(guard):
    with taken_away(guard):
        assert hunt(guard, MOVES_MAX) is not None


@pytest.mark.parametrize(
    "guard", [guard for guard in GUARDS if guard.name in EQUIVALENT], ids=lambda g: g.name
)
def test_a_guard_of_what_cannot_be_changes_nothing(guard):
    with taken_away(guard):
        assert hunt(guard, EQUIVALENT_MOVES) is None


def test_every_guard_is_back_after_the_hunt():
    assert hunt(GUARDS[0], EQUIVALENT_MOVES) is None


def test_the_list_of_equivalent_guards_names_only_what_stands():
    assert set(EQUIVALENT | ELSEWHERE) <= {guard.name for guard in GUARDS}


def test_the_list_of_guards_of_rounds_names_only_what_stands():
    names = {guard.name.removeprefix("modules.training.") for room in ROUNDS for guard in guards(room)}
    assert set(OF_ROUNDS) <= names
