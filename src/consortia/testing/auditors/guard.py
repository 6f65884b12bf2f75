"""The auditor of the guard: policies, alerts, cases, network mandates, suspensions and their appeals."""

from collections import defaultdict
from collections.abc import Iterator

from consortia.base.codec import encode_record
from consortia.base.commitments import RECORD_TAG
from consortia.base.hashing import tagged
from consortia.modules.guard import messages as asked
from consortia.modules.guard.types import Opening
from consortia.testing.auditors import Entries, Model, Plain, Said, plain, refuse

HOUR = 3_600_000
DAY = 24 * HOUR
LONGEST, LEFT_ALONE = 72 * HOUR, 72 * HOUR
NINETY_DAYS = 90 * DAY
EMPTY = {"alerts": 0, "day": 0, "today": 0, "suspensions": 0, "overturned": 0}


class Guard(Model):
    """What the guards of a network did."""

    module = "guard"

    def __init__(self, others: dict[str, Model]) -> None:
        """Start with no members; who plays with it says who they are."""
        super().__init__(others)
        self.members: set[str] = set()
        self.people: dict[str, set[bytes]] = {}
        self.programs: set[bytes] = set()
        self.policies: dict[tuple[str, str], Plain] = {}
        self.alerts: dict[bytes, Plain] = {}
        self.raised: dict[str, list[bytes]] = defaultdict(list)
        self.cases: dict[bytes, Plain] = {}
        self.tallies: dict[str, Plain] = {}
        self.mandates: dict[str, Plain] = {}
        self.suspensions: dict[str, Plain] = {}
        self.now = 0

    def set_policy(self, said: Said, m: asked.SetPolicy) -> None:
        """A member writes a policy, or the next version of it."""
        number = 1 + self.policies.get((said.member, m.name), {"version": 0})["version"]
        fields = {"member": said.member, "version": number, "time": said.at.time}
        self.policies[said.member, m.name] = plain(m) | fields
        self.tell("policy_set", member=said.member, name=m.name, version=number)

    def raise_alert(self, said: Said, m: asked.RaiseAlert) -> None:
        """A guard found something."""
        finding, now = m.finding, said.at.time
        policy = self.policies.get((said.member, finding.policy))
        refuse("no_policy", when=policy is None)
        assert policy is not None  # noqa: S101 (for the types)
        by_rule = any((r["code"], r["kind"]) == (finding.code, finding.kind) for r in policy["rules"])
        by_model = finding.model == policy["model"] and finding.code == "learned." + finding.kind
        refuse("not_pinned", when=not (by_rule if finding.model is None else by_model))
        tally = dict(self.tallies.get(said.member, EMPTY))
        if tally["alerts"] == 0 or now - tally["day"] >= DAY:
            tally |= {"day": now, "today": 0}
        refuse("flood", when=tally["today"] >= min(200, policy["daily"]))
        name = tagged("consortia/guard", said.at.network + said.transaction + said.call.to_bytes(8, "big"))
        exact = finding.model is None
        self.alerts[name] = {
            "id": name,
            "member": said.member,
            "finding": plain(finding),
            "policy_version": policy["version"],
            "exact": exact,
            "height": said.at.height,
            "time": now,
        }
        self.raised[said.member].append(name)
        tally |= {"alerts": tally["alerts"] + 1, "today": tally["today"] + 1}
        self.tallies[said.member] = tally
        about = {"member": said.member, "kind": finding.kind, "code": finding.code, "exact": exact}
        self.tell("alert_raised", alert=name, **about)

    def assign(self, said: Said, m: asked.Assign) -> None:
        """Somebody of the member gets a case."""
        self.own(said, m.alert)
        refuse("no_person", when=m.key not in self.people[said.member])
        self.case(m.alert)["assigned"] = m.key
        self.tell("case_moved", alert=m.alert, step="assigned")

    def answer(self, said: Said, m: asked.Answer) -> None:
        """Who has the case says what came out."""
        self.own(said, m.alert)
        refuse("not_assigned", when=self.cases.get(m.alert, {"assigned": None})["assigned"] != said.key)
        self.case(m.alert)["answer"] = m.answer
        self.tell("case_moved", alert=m.alert, step="answered")

    def label_alert(self, said: Said, m: asked.LabelAlert) -> None:
        """One person says what it was, and another makes it stand."""
        self.own(said, m.alert)
        case = self.cases.get(m.alert, {"label": None, "first": None, "second": None})
        refuse("labelled", when=case["second"] is not None)
        same = case["label"] == m.label
        refuse("four_eyes", when=same and case["first"] == said.key)
        if same:
            self.case(m.alert)["second"] = said.key
        else:
            self.case(m.alert).update(label=m.label, first=said.key)
        self.tell("case_moved", alert=m.alert, step="labelled" if same else "proposed")

    def allow(self, said: Said, m: asked.Allow) -> None:
        """The like of an honest alert passes for a while."""
        self.own(said, m.alert)
        refuse("not_honest", when=self.standing_label(m.alert) != "honest")
        refuse("too_long", when=not 0 < m.until - said.at.time <= NINETY_DAYS)
        self.case(m.alert)["allowed"] = m.until
        self.tell("case_moved", alert=m.alert, step="allowed")

    def empower(self, said: Said, m: asked.Empower) -> None:
        """The members let a member's guard suspend."""
        refuse("no_member", when=m.member not in self.members)
        refuse("too_long", when=not 0 < m.expires - said.at.time <= NINETY_DAYS)
        self.mandates[m.member] = plain(m) | {"since": said.at.time}
        self.tallies[m.member] = dict(self.tallies.get(m.member, EMPTY)) | {"overturned": 0}
        self.tell("mandate_given", member=m.member, precision=m.precision, expires=m.expires)

    def disempower(self, said: Said, m: asked.Disempower) -> None:
        """The members take that back."""
        refuse("no_mandate", when=self.mandates.pop(m.member, None) is None)
        self.tell("mandate_taken", member=m.member)

    def suspend(self, said: Said, m: asked.Suspend) -> None:
        """A guard stops a member from starting anything new."""
        alert, now, target = self.own(said, m.alert), said.at.time, m.opening.member
        mandate = self.mandates.get(said.member)
        lost = self.tallies.get(said.member, EMPTY)["overturned"] >= 3
        refuse("no_mandate", when=mandate is None or mandate["expires"] <= now or lost)
        assert mandate is not None  # noqa: S101 (for the types)
        refuse("wrong_opening", when=committed(m.salt, m.opening) != alert["finding"]["target"])
        refuse("itself", when=target == said.member)
        refuse("no_member", when=target not in self.members)
        people = self.standing_label(m.alert) == "hostile"
        model = alert["finding"]["model"]
        good = model is not None and model == mandate["model"] and mandate["precision"] >= 950_000
        alone = said.key in self.programs and (alert["exact"] or good)
        refuse("not_certain", when=not people and not alone)
        refuse("too_long", when=m.milliseconds > LONGEST)
        last = self.suspensions.get(target)
        refuse("suspended", when=self.is_suspended(target, now))
        refuse("cooling", when=last is not None and now < last["until"] + LEFT_ALONE)
        others = [name for name in self.members if self.is_suspended(name, now)]
        refuse("too_many", when=3 * (len(others) + 1) >= len(self.members))
        refuse("used", when=self.cases.get(m.alert, {}).get("suspended") is not None)
        self.case(m.alert)["suspended"] = now
        self.suspensions[target] = {
            "target": target,
            "number": 0 if last is None else last["number"] + 1,
            "by": said.member,
            "alert": m.alert,
            "automatic": not people,
            "since": now,
            "until": now + m.milliseconds,
            "appeal": None,
            "lift": (),
            "keep": (),
            "overturned": False,
        }
        tally = dict(self.tallies.get(said.member, EMPTY))
        self.tallies[said.member] = tally | {"suspensions": tally["suspensions"] + 1}
        self.tell("suspended", target=target, by=said.member, alert=m.alert, until=now + m.milliseconds)

    def lift(self, said: Said, m: asked.Lift) -> None:
        """A guard takes a suspension back."""
        refuse("not_suspended", when=not self.is_suspended(m.target, said.at.time))
        found = self.suspensions[m.target]
        refuse("not_yours", when=found["by"] != said.member)
        found["until"] = said.at.time
        self.tell("suspension_ended", target=m.target, by=said.member, overturned=False)

    def appeal(self, said: Said, m: asked.Appeal) -> None:
        """The suspended member objects."""
        found = self.contested(said.member, said.at.time)
        refuse("appealed", when=found["appeal"] is not None)
        found["appeal"] = m.reasons
        self.tell("appealed", target=said.member, reasons=m.reasons)

    def judge_appeal(self, said: Said, m: asked.JudgeAppeal) -> None:
        """Another member judges."""
        found, now = self.contested(m.target, said.at.time), said.at.time
        refuse("no_appeal", when=found["appeal"] is None)
        refuse("no_judge", when=said.member in {found["by"], m.target})
        refuse("judged", when=said.member in (*found["lift"], *found["keep"]))
        side = "lift" if m.lift else "keep"
        found[side] = tuple(sorted([*found[side], said.member]))
        self.tell("judged", target=m.target, member=said.member, lift=m.lift)
        judges = self.members - {found["by"], m.target}
        if 2 * len(judges & set(found["lift"])) > len(judges):
            found |= {"overturned": True, "until": min(now, found["until"])}
            tally = self.tallies[found["by"]]
            self.tallies[found["by"]] = tally | {"overturned": tally["overturned"] + 1}
            self.tell("suspension_ended", target=m.target, by=found["by"], overturned=True)

    def own(self, said: Said, alert: bytes) -> Plain:
        """An alert of the member that speaks; raises No."""
        found = self.alerts.get(alert)
        refuse("no_alert", when=found is None)
        assert found is not None  # noqa: S101 (for the types)
        refuse("not_yours", when=found["member"] != said.member)
        return found

    def case(self, alert: bytes) -> Plain:
        """The case of an alert, to be changed."""
        names = ("assigned", "answer", "label", "first", "second", "allowed", "suspended")
        return self.cases.setdefault(alert, dict.fromkeys(names))

    def standing_label(self, alert: bytes) -> str | None:
        """What two officers called an alert."""
        case = self.cases.get(alert)
        return case["label"] if case is not None and case["second"] is not None else None

    def is_suspended(self, name: str, now: int) -> bool:
        """Whether a member is suspended."""
        found = self.suspensions.get(name)
        return found is not None and now < found["until"]

    def contested(self, name: str, now: int) -> Plain:
        """The suspension of a member that can still be judged; raises No."""
        found = self.suspensions.get(name)
        over = found is None or found["overturned"] or now >= found["until"] + LEFT_ALONE
        refuse("not_suspended", when=over)
        assert found is not None  # noqa: S101 (for the types)
        return found

    def entries(self) -> Entries:
        """All tables."""
        found: Entries = {}
        for table in ("policies", "alerts", "cases", "tallies", "mandates", "suspensions"):
            rows: dict[object, Plain] = getattr(self, table)
            for key, row in rows.items():
                found[(table, *key) if isinstance(key, tuple) else (table, key)] = row
        for member, names in self.raised.items():
            for place, name in enumerate(names):
                found["by_member", member, place] = {"alert": name}
        return found

    def broken(self, before: Entries, after: Entries) -> Iterator[str]:
        """What must hold whatever anybody does."""
        for key, row in before.items():
            if key[0] == "alerts" and after.get(key) != row:
                yield f"an alert was changed: {key[1]!r}"
            if key[0] == "cases" and row["second"] and after[key]["label"] != row["label"]:
                yield f"a label that stood was changed: {key[1]!r}"
        running = [row for key, row in after.items() if key[0] == "suspensions" and row["until"] > self.now]
        if running and 3 * len(running) >= len(self.members):
            yield "a third of the members is suspended"
        for row in running:
            if row["until"] - row["since"] > LONGEST or row["by"] == row["target"]:
                yield f"the suspension of {row['target']} is out of bounds"


def committed(salt: bytes, opening: Opening) -> bytes:
    """The salted commitment to whom an alert is about: H("consortia/record", salt | opening)."""
    return tagged(RECORD_TAG, salt + encode_record(opening))


AUDITOR = Guard
