"""Workers read in each round the version of their data that it stands on: one process, real training."""

import consortia
from consortia.modules.training.queries import ByRound, RoundView
from tests.node.test_simulate import NAMES, rows


def test_a_model_is_trained_to_its_end_without_whoever_withdrew_meanwhile():
    with consortia.simulate(NAMES) as ledger:
        for seed, name in enumerate(NAMES):
            made = [row | {"who": f"p{number}"} for number, row in enumerate(rows(seed))]
            assets = ledger.of(name).assets
            assets.register_dataset(made, name="records", subject="who", purposes=["research"])
        ledger.consent.require("records")
        slips = ledger.consent.give("records", purposes=["research"], days=30, now=ledger.network.now)
        ledger.consent.cover("records", "research")
        study = ledger.training.propose(
            "diagnosis",
            data="records",
            label="outcome",
            purpose="research",
            parameters={"rounds": 3},
            quorum=3,
        )
        for name in NAMES:
            ledger.of(name).training.get("north/diagnosis").join("records")
        study.start()
        while study.view().progress.index < 2:
            ledger.access.pause(1)
        index = study.view().progress.index
        done = ledger.consent.withdraw("records", "p7", ["research"])
        assert done.studies == (study.id,)
        study.wait()

        def brought(at):
            seen = ledger.query("training.round", ByRound(study.id, at, None), RoundView)
            return {each.member: each.records for each in seen.updates}

        assert brought(index)["north"] == 40
        assert brought(index + 1) == {"north": 39, "east": 40, "south": 40, "west": 40}
        assert study.result() is not None
        assert not any(each.stands for each in ledger.consent.of("records", slips["p7"].subject))
