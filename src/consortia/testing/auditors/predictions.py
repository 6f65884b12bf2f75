"""The auditor of predictions: which batches stand, for which model, under which roots."""

from collections import Counter
from collections.abc import Iterator

from consortia.base.hashing import tagged
from consortia.modules.predictions import messages as asked
from consortia.testing.auditors import Entries, Model, Plain, Said, plain, refuse
from consortia.testing.auditors.assets import Assets
from consortia.testing.auditors.identity_mandates import Mandated
from consortia.testing.auditors.identity_promises import of


class Predictions(Model):
    """All batches of one network, in their order."""

    module = "predictions"

    def __init__(self, others: dict[str, Model]) -> None:
        """Start with none."""
        super().__init__(others)
        self.batches: list[Plain] = []
        self.deeds: list[Plain] = []

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
        owner, pin = mandate["owner"], mandate["pin"]
        if pin["asset"] is not None:
            self.check_model(owner, pin["asset"], pin["content"], account.purpose)
        refuse("repeated", when=account.root in self.roots())
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
