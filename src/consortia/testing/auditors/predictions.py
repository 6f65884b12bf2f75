"""The auditor of predictions: which batches stand, for which model, under which roots."""

from collections import Counter
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import lru_cache

from consortia.app import application
from consortia.base.codec import Record, from_value
from consortia.base.hashing import tagged
from consortia.kernel.application import Application, Bound
from consortia.kernel.transaction import Call
from consortia.modules.predictions import messages as asked
from consortia.modules.predictions.types import Account
from consortia.testing.auditors import Entries, Model, No, Plain, Said, plain, refuse
from consortia.testing.auditors.assets import Assets
from consortia.testing.auditors.identity_mandates import Mandated
from consortia.testing.auditors.identity_promises import of
from consortia.testing.auditors.till import till

COST_MAX = 2_000
JUDGES = {"school": "bank", "studio": "assets", "till": "identity"}
"""Whose auditor judges the messages of a module that has none of its own."""


@lru_cache(maxsize=1)
def methods() -> Mapping[str, Bound]:
    """The methods that an act may hold, with what they declare."""
    whole = application()
    return Application((*whole.modules, till()), whole.keys).methods


def message_of(call: Call) -> Record:
    """The message that a call carries."""
    return from_value(methods()[call.method].method.message, call.args)


class Predictions(Model):
    """All batches of one network, in their order."""

    module = "predictions"

    def __init__(self, others: dict[str, Model]) -> None:
        """Start with none."""
        super().__init__(others)
        self.batches: list[Plain] = []
        self.deeds: list[Plain] = []
        self.waiting: dict[bytes, list[Plain]] = {}
        self.performed: dict[tuple[bytes, int], bytes] = {}

    def record_batch(self, said: Said, m: asked.RecordBatch) -> None:
        """A member says which answers a model gave."""
        self.check_model(said.member, m.model, m.content, m.purpose)
        refuse("repeated", when=m.root in self.roots())
        self.write(said, said.member, plain(m))

    def act(self, said: Said, m: asked.Act) -> None:
        """An agent accounts for what it does."""
        identity, account = self.others["identity"], m.account
        assert isinstance(identity, Mandated)  # noqa: S101 (the models stand in the order in which they load)
        mandate = identity.under(said)
        assert mandate is not None  # noqa: S101 (admission lets only agents account)
        self.check_account(mandate, account)
        self.account_for(said, mandate, account)

    def check_account(self, mandate: Plain, account: Account) -> None:
        """Refuse an act by another model than its mandate pins, and one whose record stands already."""
        owner, pin = mandate["owner"], mandate["pin"]
        if pin["asset"] is not None:
            self.check_model(owner, pin["asset"], pin["content"], account.purpose)
        refuse("repeated", when=account.root in self.roots())

    def account_for(self, said: Said, mandate: Plain, account: Account) -> bytes:
        """An act is accounted for; its id."""
        owner, pin = mandate["owner"], mandate["pin"]
        place = said.at.network + said.transaction + said.call.to_bytes(8, "big")
        id_ = tagged("consortia/act", place)
        names = {"mandate": mandate["id"], "owner": owner, "agent": mandate["agent"]}
        due = said.at.time + mandate["delay"]
        self.deeds.append(
            {
                "id": id_,
                **names,
                "model": pin["asset"],
                "content": pin["content"],
                "account": plain(account),
                "transaction": said.transaction,
                **self.when(said),
                "due": due,
            }
        )
        if pin["asset"] is not None:
            told = plain(account)
            answer = {name: told[name] for name in ("purpose", "policy", "root", "opened")}
            batch = {"model": pin["asset"], "content": pin["content"], "count": 1, **answer}
            self.write(said, owner, batch)
        self.tell("acted", deed=id_, **names, stated=account.stated, due=due)
        return id_

    def defer(self, said: Said, m: asked.Defer) -> None:
        """An agent accounts for calls that wait."""
        identity = self.others["identity"]
        assert isinstance(identity, Mandated)  # noqa: S101 (the models stand in the order in which they load)
        mandate = identity.under(said)
        assert mandate is not None  # noqa: S101 (admission lets only agents account)
        self.check_account(mandate, m.account)
        cost = 0
        for call in m.calls:
            refuse("not_mandated", when=call.method not in mandate["methods"])
            method = methods()[call.method].method
            refuse("kernel.wrong_role", when="agent" not in method.roles)
            cost += method.cost_of(message_of(call))
        refuse("too_costly", when=cost > COST_MAX)
        id_ = self.account_for(said, mandate, m.account)
        self.waiting[id_] = [plain(call) for call in m.calls]

    def perform(self, said: Said, m: asked.Perform) -> None:
        """Somebody has an act carried out that waited."""
        calls = self.waiting.get(m.deed)
        refuse("nothing_waits", when=calls is None)
        (deed,) = (one for one in self.deeds if one["id"] == m.deed)
        refuse("not_due", when=said.at.time < deed["due"])
        refuse("one_at_a_time", when=any(place[0] == said.transaction for place in self.performed))
        del self.waiting[m.deed]
        self.performed[said.transaction, said.call] = m.deed
        identity, told, code = self.others["identity"], list[tuple[str, Plain]](), "void"
        assert isinstance(identity, Mandated)  # noqa: S101 (the models stand in the order in which they load)
        if identity.stands(deed["mandate"], said.at.time):
            code, told = self.carry_out(said, identity.mandates[deed["mandate"]]["key"], deed, calls or [])
        self._told = told
        self.tell("performed", deed=m.deed, code=code)

    def carry_out(
        self, said: Said, key: bytes, deed: Plain, calls: list[Plain]
    ) -> tuple[str, list[tuple[str, Plain]]]:
        """The calls of an act, as its agent's, all or none: the code they come to, and what they tell."""
        kept = {name: deepcopy({**vars(judge), "others": None}) for name, judge in self.others.items()}
        told: list[tuple[str, Plain]] = []
        for number, call in enumerate(calls, 1):
            inner = Said(key, deed["owner"], said.transaction, said.call | number << 32, said.at)
            module = call["method"].split(".")[0]
            judge = self.others[JUDGES.get(module, module)]
            try:
                told += judge.judge(inner, message_of(Call(call["method"], call["args"])))
            except No as no:
                for name, before in kept.items():
                    vars(self.others[name]).update({**before, "others": self.others})
                return (no.reason if "." in no.reason else f"{judge.module}.{no.reason}"), []
        return "ok", told

    def roots(self) -> set[bytes]:
        """The roots that stand already."""
        of_deeds = {deed["account"]["root"] for deed in self.deeds}
        return of_deeds | {batch["root"] for batch in self.batches}

    def check_model(self, member: str, id_: bytes, content: bytes, purpose: str) -> None:
        """Refuse what is no model, not in force, or not this member's to use."""
        assets = self.others["assets"]
        assert isinstance(assets, Assets)  # noqa: S101 (the models stand in the order in which they load)
        model = assets.things.get(id_)
        if model is None or model["kind"] != "model":
            return refuse("no_model", when=True)
        refuse("withdrawn", when=model["withdrawn"] is not None)
        refuse("wrong_content", when=assets.versions[id_][-1]["commitment"] != content)
        return refuse("not_allowed", when=not assets.may(member, id_, purpose))

    def when(self, said: Said) -> Plain:
        """The block that a call stands in, as records name it."""
        return {"height": said.at.height, "time": said.at.time}

    def write(self, said: Said, member: str, batch: Plain) -> None:
        """A batch stands."""
        place = said.at.network + said.transaction + said.call.to_bytes(8, "big")
        id_ = tagged("consortia/predictions", place)
        self.batches.append({"id": id_, "member": member, **batch, **self.when(said)})
        told = {"model": batch["model"], "root": batch["root"], "count": batch["count"]}
        self.tell("recorded", batch=id_, member=member, **told)

    def entries(self) -> Entries:
        """All tables."""
        found: Entries = {}
        count, records = Counter[bytes](), Counter[bytes]()
        for batch in self.batches:
            model = batch["model"]
            found["batches", batch["id"]] = batch
            found["roots", batch["root"]] = {"batch": batch["id"]}
            found["by_model", model, count[model]] = {"batch": batch["id"]}
            count[model] += 1
            records[model] += batch["count"]
            found["totals", model] = {"batches": count[model], "records": records[model]}
        found |= {("waiting", id_): {"calls": calls} for id_, calls in self.waiting.items()}
        found |= {("performed", *place): {"deed": id_} for place, id_ in self.performed.items()}
        acts = Counter[tuple[str, bytes]]()
        for deed in self.deeds:
            actor = deed["owner"], deed["content"]
            found["deeds", deed["id"]] = deed
            found["deed_roots", deed["account"]["root"]] = {"deed": deed["id"]}
            found["by_actor", *actor, acts[actor]] = {"deed": deed["id"]}
            acts[actor] += 1
            none = dict.fromkeys(("resolved", "brier", "baseline", "overrides", "vetoes"), 0)
            found["tracks", *actor] = {"acts": acts[actor], **none}
        return found

    def broken(self, before: Entries, after: Entries) -> Iterator[str]:
        """The promises of predictions that do not hold: batches stay as they are, and counts only grow."""
        for key, entry in before.items():
            now = after.get(key)
            if key[0] == "waiting":
                continue
            if now is None or (key[0] not in {"totals", "tracks"} and now != entry):
                yield f"an entry of {key[0]} is gone, or another"
            elif key[0] == "totals" and (
                now["batches"] < entry["batches"] or now["records"] < entry["records"]
            ):
                yield "the total of a model has shrunk"
        batches, totals = of(after, "batches"), of(after, "totals")
        if len({batch["root"] for batch in batches.values()}) != len(batches):
            yield "a root stands twice"
        if sum(total["records"] for total in totals.values()) != sum(b["count"] for b in batches.values()):
            yield "the totals are not those of the batches"


AUDITOR = Predictions
