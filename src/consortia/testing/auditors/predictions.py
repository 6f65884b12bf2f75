"""The auditor of predictions: which batches stand, for which model, under which roots."""

from collections import Counter
from collections.abc import Iterator

from consortia.base.hashing import tagged
from consortia.modules.predictions import messages as asked
from consortia.testing.auditors import Entries, Model, Plain, Said, plain, refuse
from consortia.testing.auditors.assets import Assets
from consortia.testing.auditors.identity_promises import of


class Predictions(Model):
    """All batches of one network, in their order."""

    module = "predictions"

    def __init__(self, others: dict[str, Model]) -> None:
        """Start with none."""
        super().__init__(others)
        self.batches: list[Plain] = []

    def record_batch(self, said: Said, m: asked.RecordBatch) -> None:
        """A member says which answers a model gave."""
        assets = self.others["assets"]
        assert isinstance(assets, Assets)  # noqa: S101 (the models stand in the order in which they load)
        model = assets.things.get(m.model)
        if model is None or model["kind"] != "model":
            return refuse("no_model", when=True)
        refuse("withdrawn", when=model["withdrawn"] is not None)
        refuse("wrong_content", when=assets.versions[m.model][-1]["commitment"] != m.content)
        refuse("not_allowed", when=not assets.may(said.member, m.model, m.purpose))
        refuse("repeated", when=any(batch["root"] == m.root for batch in self.batches))
        place = said.at.network + said.transaction + said.call.to_bytes(8, "big")
        id_ = tagged("consortia/predictions", place)
        times = {"height": said.at.height, "time": said.at.time}
        self.batches.append({"id": id_, "member": said.member, **plain(m), **times})
        return self.tell("recorded", batch=id_, member=said.member, model=m.model, root=m.root, count=m.count)

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
        return found

    def broken(self, before: Entries, after: Entries) -> Iterator[str]:
        """The promises of predictions that do not hold: batches stay as they are, and counts only grow."""
        for key, entry in before.items():
            now = after.get(key)
            if now is None or (key[0] != "totals" and now != entry):
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
