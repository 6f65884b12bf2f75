"""What proposals may hold and bring about, as the auditor sees it."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

from consortia.modules.governance.types import Action
from consortia.testing.auditors import No, Plain, refuse

COSTS = {
    "raise_budget": 400,
    "set_charter": 500,
    "schedule_upgrade": 200,
    "release_model": 200,
    "schedule_member": 200,
    "spend": 300,
    "set_bounds": 200,
    "set_parameter": 200,
}
COST_MAX = 4_000
MET_IN = {
    "short_balance": "bank",
    "unknown_account": "bank",
    "only_raise": "training",
}
"""Whose refusal an action meets, where it is not governance's own."""


class Deeds:
    """What passed proposals did. The chamber's charters and members are its heirs'."""

    charters: list[Plain]
    members: set[str]

    def __init__(self) -> None:
        """Nothing was decided yet."""
        super().__init__()
        self.parameters: dict[str, Plain] = {}
        self.upgrades: list[Plain] = []
        self.releases: dict[bytes, Plain] = {}
        self.scheduled: dict[tuple[str, str], Plain] = {}
        self.models: dict[bytes, bytes] = {}
        self.treasury: dict[bytes, int] = {}
        self.owners: dict[bytes, str] = {}
        self.limits: dict[bytes, int] = {}

    def check_actions(self, rules: Plain, actions: Sequence[Action]) -> None:
        """What a proposal of a class may not hold."""
        cost, spent = 0, 0
        for action in actions:
            module, name = action.method.split(".")
            refuse("not_in_class", when=action.method not in rules["methods"])
            home = "training" if name == "raise_budget" else "governance"
            refuse("bad_action", when=module != home or name not in COSTS)
            refuse("bad_action", when=any(isinstance(value, float | bool) for value in action.args.values()))
            refuse("bad_action", when="nobody_asked" in action.args)
            cost += COSTS[name]
            spent += action.args["amount"] if name == "spend" else 0
        refuse("too_costly", when=cost > COST_MAX)
        refuse("over_cap", when=spent > rules["spend_max"])

    def carry_out(self, actions: Sequence[Plain], time: int) -> tuple[int, str]:
        """Do all of them or none: where it ended, and with which code."""
        names = ("parameters", "upgrades", "releases", "scheduled", "treasury", "charters", "limits")
        kept = {name: deepcopy(getattr(self, name)) for name in names}
        for position, action in enumerate(actions):
            try:
                getattr(self, "do_" + action["method"].split(".")[1])(action["args"], time)
            except No as no:
                for name, value in kept.items():
                    setattr(self, name, value)
                return position, f"{MET_IN.get(no.reason, 'governance')}.{no.reason}"
        return len(actions), "ok"

    def do_set_charter(self, args: Plain, _time: int) -> None:
        """Another charter."""
        refuse("bad_charter", when=not fits(args["charter"]))
        self.charters.append(args["charter"])

    def do_schedule_upgrade(self, args: Plain, time: int) -> None:
        """An upgrade, ahead of time."""
        names = [one["name"] for one in args["modules"]]
        refuse("bad_upgrade", when=args["time"] <= time or names != sorted(set(names)))
        self.upgrades.append(args)

    def do_release_model(self, args: Plain, time: int) -> None:
        """A model by its content."""
        refuse("no_model", when=args["model"] not in self.models)
        refuse("wrong_content", when=self.models.get(args["model"]) != args["content"])
        self.releases[args["model"]] = {"content": args["content"], "time": time}

    def do_schedule_member(self, args: Plain, time: int) -> None:
        """A change of the members."""
        refuse("bad_change", when=(args["name"] in self.members) != (args["change"] == "removal"))
        self.scheduled[args["change"], args["name"]] = {"time": time}

    def do_spend(self, args: Plain, _time: int) -> None:
        """Money out of the treasury."""
        refuse("unknown_account", when=args["payee"] not in self.members)
        held = self.treasury.get(args["unit"])
        refuse("short_balance", when=held is None or held < args["amount"])
        self.treasury[args["unit"]] = (held or 0) - args["amount"]

    def do_raise_budget(self, args: Plain, _time: int) -> None:
        """A limit that its owner set, raised."""
        held = self.limits.get(args["dataset"])
        refuse("only_raise", when=held is None or args["limit"] <= held)
        self.limits[args["dataset"]] = args["limit"]

    def do_set_bounds(self, args: Plain, _time: int) -> None:
        """A parameter's bounds."""
        refuse("bad_bounds", when=not args["low"] <= args["value"] <= args["high"])
        self.parameters[args["name"]] = {each: args[each] for each in ("low", "high", "value")}

    def do_set_parameter(self, args: Plain, _time: int) -> None:
        """A parameter within its bounds."""
        kept = self.parameters.get(args["name"])
        if kept is None:
            return refuse("no_parameter", when=True)
        refuse("bad_bounds", when=not kept["low"] <= args["value"] <= kept["high"])
        self.parameters[args["name"]] = {**kept, "value": args["value"]}
        return None

    def deed_entries(self) -> Iterator[tuple[tuple[Any, ...], Plain]]:
        """The tables of what was decided."""
        for name, parameter in self.parameters.items():
            yield ("parameters", name), parameter
        for number, upgrade in enumerate(self.upgrades):
            yield ("upgrades", number), upgrade
        for model, release in self.releases.items():
            yield ("releases", model), release
        for place, wanted in self.scheduled.items():
            yield ("scheduled", *place), wanted


def fits(charter: Plain) -> bool:
    """Whether a charter can govern, as the page says."""
    lists = [
        [one["name"] for one in charter["classes"]],
        [one["member"] for one in charter["weights"]],
        *(list(charter[seats]) for seats in ("council", "ethics")),
        *(list(one["methods"]) for one in charter["classes"]),
    ]
    if any(names != sorted(set(names)) for names in lists):
        return False
    held = [method for one in charter["classes"] if not one["secret"] for method in one["methods"]]
    return "governance.set_charter" in held and all(map(_class_fits, charter["classes"]))


def _class_fits(one: Plain) -> bool:
    spans = [one[f"{name}_milliseconds"] for name in ("vote", "lock", "expire")]
    halves = [one[name]["numerator"] * 2 >= one[name]["denominator"] for name in ("quorum", "yes")]
    whole = [one[name]["numerator"] <= one[name]["denominator"] for name in ("quorum", "yes")]
    rules = {"governance.set_charter", "governance.schedule_upgrade"} & set(one["methods"])
    two_thirds = one["yes"]["numerator"] * 3 >= 2 * one["yes"]["denominator"]
    strict = one["of"] == "all" and two_thirds and one["agents"] != "vote"
    if one["secret"] and not _secret_fits(one, one["secret"]):
        return False
    own = "training.raise_budget" not in one["methods"] or one["owner"]
    return all(spans) and all(halves) and all(whole) and (strict or not rules) and bool(own)


def _secret_fits(one: Plain, secret: Plain) -> bool:
    names, steps = list(secret["trustees"]), (secret["step_milliseconds"], secret["decrypt_milliseconds"])
    days = 3 * steps[0] + one["vote_milliseconds"] + steps[1] <= 90 * 24 * 3_600_000
    people = one["agents"] == "advise" and not one["owner"] and one["extend_milliseconds"] == 0
    return names == sorted(set(names)) and len(names) >= 3 and all(steps) and days and people
