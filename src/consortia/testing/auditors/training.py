"""The auditor of training: who takes part in which study, what each round waits for, and what it leads to."""

from consortia.base.codec import Malformed
from consortia.base.hashing import tagged
from consortia.base.sealing import check_public
from consortia.modules.assets.types import Parent
from consortia.modules.training import messages as asked
from consortia.testing.auditors import Plain, Said, plain, refuse
from consortia.testing.auditors.notes import signed
from consortia.testing.auditors.studio import Make
from consortia.testing.auditors.training_steps import Steps
from consortia.testing.auditors.training_terms import check_terms


class Training(Steps):
    """What every message of training does, as its README has it."""

    # A study.

    def propose(self, said: Said, m: asked.Propose) -> None:
        """A study may be joined."""
        terms = plain(m.terms)
        own = [id_ for id_, study in self.studies.items() if study["proposer"] == said.member]
        refuse("name_taken", when=terms["name"] in [self.studies[id_]["terms"]["name"] for id_ in own])
        living = [id_ for id_ in own if self.progress[id_]["status"] in {"proposed", "running"}]
        refuse("too_many_studies", when=len(living) >= 32)
        check_terms(terms)
        invited = terms["invited"]
        orderly = list(invited) == sorted(set(invited)) and set(invited) <= set(self.identity.present())
        refuse("bad_invitation", when=not orderly or 0 < len(invited) < terms["quorum"])
        if terms["model"] is not None:
            thing = self.assets.things.get(terms["model"])
            refuse("unknown_model", when=thing is None or thing["kind"] != "model")
            may = self.assets.may(said.member, terms["model"], terms["purpose"])
            refuse("model_forbidden", when=not may)
        place = said.at.network + said.transaction + said.call.to_bytes(8, "big")
        id_ = tagged("consortia/study", place)
        until = said.at.time + terms["deadlines"]["join"]
        born = {"proposer": said.member, "height": said.at.height, "time": said.at.time}
        self.studies[id_] = _listed({"id": id_, **born, "join_until": until, "terms": terms})
        self.progress[id_] = {
            "status": "proposed",
            "state": terms["initial"],
            "index": 0,
            "attempt": 0,
            "round": None,
            "contributors": [],
            "excluded": [],
            "faulted": [],
            "history": bytes(32),
            "sums": bytes(32),
            "charged": 0,
            "model": None,
            "reason": None,
        }
        self.parts[id_] = {}
        name = terms["name"]
        self.tell("study_proposed", study=id_, proposer=said.member, name=name, join_until=until)

    def join(self, said: Said, m: asked.Join) -> None:
        """A member consents."""
        self.living(m.study, "proposed")
        study, parts = self.studies[m.study], self.parts[m.study]
        terms = study["terms"]
        refuse("joining_closed", when=said.at.time >= study["join_until"])
        refuse("not_invited", when=terms["invited"] and said.member not in terms["invited"])
        refuse("already_joined", when=self.takes_part(m.study, said.member))
        refuse("study_full", when=len([1 for part in parts.values() if part["until"] is None]) >= 63)
        thing = self.assets.things.get(m.dataset, {"kind": ""})
        versions = self.assets.versions.get(m.dataset, [])
        refuse("unknown_dataset", when=thing["kind"] != "dataset" or not 1 <= m.version <= len(versions))
        refuse("not_owner", when=thing["owner"] != said.member)
        refuse("dataset_closed", when=not self.stands(m.dataset, m.version))
        may = self.assets.may(said.member, m.dataset, terms["purpose"])
        refuse("purpose_forbidden", when=not may)
        version = versions[m.version - 1]
        refuse("bad_records", when=m.records > version["count"])
        self._check_budget(m.study, m.dataset)
        parts[said.member] = {
            "dataset": m.dataset,
            "version": m.version,
            "commitment": version["commitment"],
            "records": m.records,
            "time": said.at.time,
            "leaving": False,
            "until": None,
            "absent": False,
            "missed": 0,
            "back_from": 0,
        }
        told = {"dataset": m.dataset, "version": m.version, "records": m.records}
        self.tell("member_joined", study=m.study, member=said.member, **told)

    def _check_budget(self, study: bytes, dataset: bytes) -> None:
        terms, found = self.studies[study]["terms"], self.populations(dataset)
        refuse("bad_lineage", when=found is None)
        own = set(found or [])
        if terms["privacy"] is None:
            return refuse("needs_noise", when=any(self.budget(each)["limit"] is not None for each in own))
        others = [
            each
            for part in self.parts[study].values()
            if part["until"] is None
            for each in self.populations(part["dataset"]) or []
        ]
        refuse("bad_lineage", when=own & set(others))
        whole = sum(self.cost(study, index) for index in range(self.count_rounds(study)))
        return refuse("over_budget", when=not self.can_pay(dataset, whole))

    def leave(self, said: Said, m: asked.Leave) -> None:
        """A member takes no part any more."""
        progress = self.living(m.study)
        refuse("not_joined", when=not self.takes_part(m.study, said.member))
        part = self.parts[m.study][said.member]
        refuse("already_leaving", when=part["leaving"])
        if progress["status"] == "proposed":
            del self.parts[m.study][said.member]
        else:
            part["leaving"] = True
        self.tell("member_leaving", study=m.study, member=said.member)

    def start(self, said: Said, m: asked.Start) -> None:
        """The rounds begin."""
        progress = self.living(m.study, "proposed")
        study, terms = self.studies[m.study], self.studies[m.study]["terms"]
        joined = [name for name in self.parts[m.study] if self.stays(m.study, name)]
        refuse("too_few_joined", when=len(joined) < terms["quorum"])
        everybody = bool(terms["invited"]) and set(terms["invited"]) <= set(joined)
        over = said.at.time >= study["join_until"]
        refuse("too_early", when=said.member != study["proposer"] and not everybody and not over)
        progress["status"] = "running"
        self.tell("study_started", study=m.study, members=len(joined))
        self.begin(said, m.study)

    def cancel(self, said: Said, m: asked.Cancel) -> None:
        """A study is aborted."""
        progress, study = self.living(m.study), self.studies[m.study]
        stuck = progress["status"] == "proposed" and said.at.time >= study["join_until"]
        if stuck:
            joined = [name for name in self.parts[m.study] if self.stays(m.study, name)]
            stuck = len(joined) < study["terms"]["quorum"]
        refuse("not_proposer", when=said.member != study["proposer"] and not stuck)
        this = self.open_round(m.study)
        if this is not None:
            this["status"] = "aborted"
            self.forget(this)
        self.abort(m.study, m.reason)

    def come_back(self, said: Said, m: asked.Return) -> None:
        """A member is there again."""
        self.living(m.study, "running")
        refuse("not_joined", when=not self.takes_part(m.study, said.member))
        part = self.parts[m.study][said.member]
        refuse("not_absent", when=not part["absent"])
        refuse("too_early", when=said.at.time < part["back_from"])
        part["absent"] = False
        self.tell("member_returned", study=m.study, member=said.member)

    def limit_budget(self, said: Said, m: asked.LimitBudget) -> None:
        """A limit, never raised."""
        thing = self.assets.things.get(m.dataset, {"kind": ""})
        refuse("unknown_dataset", when=thing["kind"] != "dataset")
        refuse("not_owner", when=thing["owner"] != said.member)
        refuse("no_population", when=thing["parents"])
        held = self.budget(m.dataset)
        raised = held["limit"] is not None and m.limit >= held["limit"]
        refuse("only_lower", when=raised or m.limit < held["spent"])
        self.budgets[m.dataset] = {**held, "limit": m.limit}
        self.tell("budget_limited", population=m.dataset, limit=m.limit)

    def finish(self, said: Said, m: asked.Finish) -> None:
        """The model stands."""
        progress = self.living(m.study, "running")
        ours = said.member in self.parts[m.study] or said.member == self.studies[m.study]["proposer"]
        refuse("not_joined", when=not ours)
        refuse("rounds_left", when=progress["index"] < self.count_rounds(m.study))
        study, terms = self.studies[m.study], self.studies[m.study]["terms"]
        data = [self.parts[m.study][name] for name in progress["contributors"]]
        summed = tuple(Parent(part["dataset"], part["version"]) for part in data)
        start = () if terms["model"] is None else (Parent(terms["model"], 1),)
        records = sum(part["records"] for part in data)
        made = Make(terms["model_name"], progress["state"], records, m.study, summed, start)
        self._told += self.assets.told(said, made, study["proposer"], terms["model_title"])
        model = self.assets.id(said)
        progress.update(status="finished", model=model)
        self.tell("study_finished", study=m.study, model=model, state=progress["state"])

    # The steps of a round.

    def publish_keys(self, said: Said, m: asked.PublishKeys) -> None:
        """Keys for the open try, or for the first try of the round after it."""
        self.living(m.study, "running")
        refuse("not_joined", when=not self.takes_part(m.study, said.member))
        self.check_data(m.study, said.member)
        this = self.open_round(m.study)
        ahead = this is not None and self._is_ahead(this, m.round)
        if not ahead:
            this = self.at_step(said, m.study, m.round, "keys")
        elif this is not None:
            masked = self.stage_of(m.study, this["index"] + 1)[1]["mode"] == "masked"
            refuse("wrong_step", when=this["step"] not in {"commit", "open"} or not masked)
            refuse("not_in_round", when=said.member not in this["members"])
        held = self.kept["keys"].setdefault(m.round, {})
        refuse("already_done", when=said.member in held)
        others = {each[part] for each in held.values() for part in ("masking", "sealing")}
        twice = m.masking == m.sealing or {m.masking, m.sealing} & others
        refuse("bad_keys", when=twice or not (_is_key(m.masking) and _is_key(m.sealing)))
        held[said.member] = {"masking": m.masking, "sealing": m.sealing, "seed": m.seed}
        self.tell("keys_published", study=m.study, round=m.round, member=said.member)
        if this is not None and not ahead:
            self.goes_on(said, this)

    def _is_ahead(self, this: Plain, round_id: bytes) -> bool:
        study, following = this["study"], this["index"] + 1
        if following >= self.count_rounds(study):
            return False
        return self.round_id(study, following, 0) == round_id

    def deal_shares(self, said: Said, m: asked.DealShares) -> None:
        """A dealer's shares, which nobody looks into."""
        this = self.at_step(said, m.study, m.round, "shares", data=True)
        refuse("not_in_round", when=said.member not in this["keyed"])
        held = self.did("dealing", this)
        refuse("already_done", when=said.member in held)
        refuse("other_keys", when=m.graph != this["graph"])
        refuse("bad_shares", when=len(m.shares) != len(self.holders(this, said.member)))
        held[said.member] = {"shares": [plain(each) for each in m.shares]}
        self.tell("shares_dealt", study=m.study, round=m.round, member=said.member)
        self.goes_on(said, this)

    def complain(self, said: Said, m: asked.Complain) -> None:
        """A holder says that a dealer's shares do not open."""
        this = self.at_step(said, m.study, m.round, "submit")
        refuse("not_in_round", when=said.member not in this["dealers"])
        held, case = self.complaints.setdefault(m.round, {}), (m.dealer, said.member)
        refuse("already_done", when=said.member in self.did("submission", this) or case in held)
        near = m.dealer in this["dealers"] and said.member in self.holders(this, m.dealer)
        refuse("unfounded", when=not near or m.dealer == said.member)
        refuse("too_late", when=said.at.time >= this["time"] + (this["deadline"] - this["time"]) // 2)
        held[case] = {"height": said.at.height, "answer": None}
        self.tell("dealer_accused", study=m.study, round=m.round, dealer=m.dealer, holder=said.member)

    def ends(self) -> list[int]:
        """When the tries that wait for answers take no more of them."""
        open_ones = [this for id_ in self.studies if (this := self.open_round(id_)) is not None]
        return [
            this["time"] + 3 * (this["deadline"] - this["time"]) // 4
            for this in open_ones
            if this["step"] == "submit" and this["graph"] is not None and self.accused(this)
        ]

    def answer(self, said: Said, m: asked.Answer) -> None:
        """A dealer shows what it dealt to who complains."""
        this = self.at_step(said, m.study, m.round, "submit")
        refuse("too_late", when=said.at.time >= this["time"] + 3 * (this["deadline"] - this["time"]) // 4)
        held, case = self.complaints.get(m.round, {}), (said.member, m.holder)
        refuse("unfounded", when=case not in held)
        refuse("already_done", when=held[case]["answer"] is not None)
        place = self.holders(this, said.member).index(m.holder)
        given = self.did("dealing", this)[said.member]["shares"][place]
        to, one = _short(said.member) + _short(m.holder), m.shares
        seed = tagged("consortia/share-seed", m.round + to + one.seed_salt + one.seed_share)
        key = tagged("consortia/share-key", m.round + to + one.key_salt + one.key_share)
        refuse("not_as_dealt", when=(seed, key) != (given["seed"], given["key"]))
        held[case]["answer"] = plain(one)
        self.tell("dealer_answered", study=m.study, round=m.round, dealer=said.member, holder=m.holder)
        self.goes_on(said, this)

    def seal(self, said: Said, m: asked.Seal) -> None:
        """An update is fixed that nobody is shown."""
        this = self.at_step(said, m.study, m.round, "seal", data=True)
        held = self.seals(this)
        refuse("already_done", when=said.member in held)
        held[said.member] = {"commitment": m.commitment}
        self.tell("update_sealed", study=m.study, round=m.round, member=said.member)
        self.goes_on(said, this)

    def unseal(self, said: Said, m: asked.Unseal) -> None:
        """An update that was sealed is shown."""
        self.submit(said, m)

    def submit(self, said: Said, m: asked.Submit | asked.Unseal) -> None:
        """An update that enough members hold."""
        this = self.at_step(said, m.study, m.round, "submit", data=True)
        masked = this["graph"] is not None
        refuse("not_in_round", when=masked and said.member not in this["dealers"])
        held = self.did("submission", this)
        refuse("already_done", when=said.member in held)
        stage = self.stage_of(m.study, this["index"])[1]
        self.check_seal(this, said.member, m, sealed=stage["mode"] == "sealed")
        refuse("bad_size", when=m.size != stage["length"] * stage["ring_bits"] // 8)
        names = [each.member for each in m.availability]
        orderly = names == sorted(set(names)) and set(names) <= set(this["members"]) and said.member in names
        refuse("too_few_holders", when=not orderly or 3 * len(names) <= 2 * len(this["members"]))
        text = said.at.network + m.study + m.round + said.member.encode("ascii") + m.blob
        told = tagged("consortia/availability", text + m.size.to_bytes(8, "big"))
        true = all(self._held(each.member, told, each.signature) for each in m.availability)
        refuse("bad_availability", when=not true)
        held[said.member] = {"blob": m.blob, "size": m.size, "holders": names}
        self.tell("update_submitted", study=m.study, round=m.round, member=said.member, blob=m.blob)
        self.goes_on(said, this)

    def check_seal(self, this: Plain, name: str, m: asked.Submit | asked.Unseal, *, sealed: bool) -> None:
        """A sealed round takes what its member sealed, and no other takes a salt."""
        salt = getattr(m, "salt", None)
        refuse("not_sealed", when=name not in self.seals(this) if sealed else salt is not None)
        if sealed:
            first = self.round_id(m.study, this["index"], 0)
            made = tagged("consortia/update-seal", first + name.encode("ascii") + m.blob + (salt or b""))
            refuse("not_as_sealed", when=salt is None or made != self.seals(this)[name]["commitment"])

    def _held(self, name: str, told: bytes, signature: bytes) -> bool:
        member = self.identity.members[name]
        node = self.identity.keys[member["node"]]["public"]
        return member["left"] is None and signed(node, told, signature)

    def reveal(self, said: Said, m: asked.Reveal) -> None:
        """One kind of share of each dealer."""
        this = self.at_step(said, m.study, m.round, "reveal")
        refuse("not_in_round", when=said.member not in this["dealers"])
        held = self.did("revealed", this)
        refuse("already_done", when=said.member in held)
        names = [each.dealer for each in m.shares]
        orderly = names == sorted(set(names)) and set(names) <= set(this["dealers"])
        refuse("bad_shares", when=not orderly)
        refuse("bad_shares", when=any(said.member not in self.holders(this, name) for name in names))
        for one in m.shares:
            place = self.holders(this, one.dealer).index(said.member)
            kind = "seed" if one.dealer in this["cohort"] else "key"
            given = self.did("dealing", this)[one.dealer]["shares"][place][kind]
            at = (this["id"], one.dealer, said.member)
            salted = tagged(
                f"consortia/share-{kind}", at[0] + _short(at[1]) + _short(at[2]) + one.salt + one.share
            )
            refuse("not_as_dealt", when=salted != given)
        held[said.member] = {"shares": [plain(each) for each in m.shares]}
        self.tell("shares_revealed", study=m.study, round=m.round, member=said.member)
        self.goes_on(said, this)

    def commit_result(self, said: Said, m: asked.CommitResult) -> None:
        """A member's own result, still closed."""
        this = self.at_step(said, m.study, m.round, "commit")
        held = self.did("result", this)
        refuse("already_done", when=said.member in held)
        held[said.member] = {"commitment": m.commitment, "opened": None}
        self.tell("result_committed", study=m.study, round=m.round, member=said.member)
        self.goes_on(said, this)

    def open_result(self, said: Said, m: asked.OpenResult) -> None:
        """What a member had committed to."""
        this = self.at_step(said, m.study, m.round, "open")
        held, outcome = self.did("result", this), {"sum": m.sum, "state": m.state}
        own = held.get(said.member)
        refuse("already_done", when=own is not None and own["opened"] is not None)
        if own is None:
            return refuse("not_committed", when=True)
        refuse("not_as_committed", when=not self.committed_to(this, said.member, outcome))
        own["opened"] = outcome
        self.tell("result_opened", study=m.study, round=m.round, member=said.member, **outcome)
        return self.judge_outcome(said, this, outcome)

    def close(self, said: Said, m: asked.Close) -> None:
        """A step ends at its deadline."""
        self.living(m.study, "running")
        this = self.open_round(m.study)
        if this is None or this["id"] != m.round:
            return refuse("wrong_round", when=True)
        refuse("too_early", when=said.at.time < this["deadline"])
        return self.end(said, this)


setattr(Training, "return", Training.come_back)
"""The wire name of `Return` is no name for a method."""

AUDITOR = Training


def _is_key(public: bytes) -> bool:
    try:
        check_public(public)
    except Malformed:
        return False
    return True


def _short(name: str) -> bytes:
    return bytes([len(name)]) + name.encode("ascii")


def _listed(value: Plain) -> Plain:
    """Plain values with every sequence a list."""

    def turned(each: object) -> object:
        if isinstance(each, dict):
            return {name: turned(one) for name, one in each.items()}
        return [turned(one) for one in each] if isinstance(each, list | tuple) else each

    return {name: turned(one) for name, one in value.items()}
