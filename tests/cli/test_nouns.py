"""Members, keys, assets and studies on one network of three, over real nodes and workers."""

import json
import random
import signal

import pytest

from consortia.base.keys import SigningKey
from consortia.node.keys import save_key
from consortia.solutions.supply import synthetic
from consortia.workers.vault import Vault
from tests.cli.terminal import Terminal, found_and_join, until

pytestmark = pytest.mark.slow
MEMBERS = ["alpha", "bravo", "charlie"]


def write_rows(path, seed, count):
    """Invented patients, of whom the older ones fall ill more often."""
    draw = random.Random(seed)
    lines = ["patient,age [years],pressure,ill"]
    for number in range(count):
        age = draw.randint(20, 90)
        ill = "yes" if draw.random() < (age - 10) / 100 else "no"
        lines.append(f"p{number:03},{age},{draw.randint(90, 180)},{ill}")
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    folder = tmp_path_factory.mktemp("network")
    with Terminal(folder).session() as terminal:
        nodes = found_and_join(terminal, MEMBERS, worker=True)
        for seed, name in enumerate(MEMBERS):
            write_rows(folder / f"{name}.csv", seed, 40)
        yield terminal, nodes


def add(terminal, member, name="patients", **options):
    given = [part for key, value in options.items() for part in (f"--{key}", value)]
    command = ["asset", "add", f"{member}.csv", "--name", name, "--subject", "patient", "--home", member]
    return terminal.facts(*command, "--purpose", "research", *given)


def test_another_members_node_is_asked_by_its_url_and_in_its_members_name(network):
    terminal, nodes = network
    url = nodes["bravo"].facts["url"]
    known = lambda: terminal.facts("status", "--home", "alpha")["peers"].get("bravo") == url  # noqa: E731
    until(known, "where bravo's node is")
    asked = terminal.facts("status", "--url", url, "--home", "alpha")
    assert (asked["member"], asked["url"]) == ("bravo", url)
    said = terminal.error("status", "--url", "http://127.0.0.1:9", "--home", "alpha", code=2)
    assert "does not know whose node" in said
    assert "--member NAME" in said
    said = terminal.error("status", "--url", url, "--member", "charlie", "--home", "alpha")
    assert "signed for the node of charlie, and this is the node of bravo" in said


def test_what_is_shared_is_a_commitment_with_terms(network):
    terminal, _ = network
    added = add(terminal, "alpha", process="bravo")
    assert (added["name"], added["records"], added["subjects"]) == ("alpha/patients", 40, 40)
    shown = terminal.facts("asset", "show", "alpha/patients", "--home", "alpha")
    assert shown["newest"]["commitment"] == added["commitment"]
    assert [one["grantee"] for one in shown["rights"]["process"]] == ["alpha", "bravo"]
    assert "an asset patients already" in terminal.error(
        "asset", "add", "alpha.csv", "--name", "patients", "--home", "alpha"
    )
    terminal.run("asset", "grant", "patients", "--to", "charlie", "--purpose", "care", "--home", "alpha")
    terminal.run("asset", "revoke", "patients", "--from", "bravo", "--home", "alpha")
    shown = terminal.facts("asset", "show", "patients", "--home", "alpha")
    assert [one["grantee"] for one in shown["rights"]["process"]] == ["alpha", "charlie"]
    said = terminal.error("asset", "grant", "alpha/patients", "--to", "bravo", "--home", "bravo")
    assert "refused, assets." in said
    assert "alpha/patients" in terminal.run("asset", "list", "--home", "bravo").stdout


def test_what_was_paid_is_opened_to_one_who_checks_it_without_a_connection(network):
    terminal, _ = network
    folder, secret = terminal.folder, "412.50 EUR"
    body = next(each for each in synthetic.chain(1, synthetic.Size()) if each["bizStep"] == "receiving")
    bought = synthetic.bought(body, 1) | {synthetic.PRICE: secret}
    (folder / "bought.ndjson").write_text(json.dumps(bought), encoding="utf-8")
    seal = ("supply", "seal", "bought.ndjson", "--field", synthetic.PRICE, "--out", "shared.json")
    assert terminal.facts(*seal, "--terms", "terms.csv")["sealed"] == 3
    assert terminal.facts("supply", "commit", "terms.csv", "--home", "alpha")["committed"] == 3
    dearer = (folder / "terms.csv").read_text(encoding="utf-8").replace("412.50", "399.00")
    (folder / "dearer.csv").write_text(dearer, encoding="utf-8")
    assert "what was said stands" in terminal.error("supply", "commit", "dearer.csv", "--home", "alpha")
    other = "ni:///sha-256;" + 64 * "0" + "?ver=CBV2.0"
    more = (folder / "terms.csv").read_text(encoding="utf-8") + f'{other} deal:cost,"""7"""\n'
    (folder / "more.csv").write_text(more, encoding="utf-8")
    told = terminal.facts("supply", "commit", "more.csv", "--home", "alpha")
    assert (told["committed"], told["before"]) == (1, 3)
    terminal.run("supply", "open", other, "deal:cost", "--out", "second.opening", "--home", "alpha")
    event = terminal.facts("supply", "trace", body["epcList"][0], "shared.json")["steps"][0]["name"]
    opening = ("supply", "open", event, synthetic.PRICE, "--out")
    terminal.run(*opening, "price.opening", "--home", "alpha")
    assert (folder / "price.opening").stat().st_mode & 0o777 == 0o600
    name = terminal.facts("status", "--home", "alpha")["network"]
    told = terminal.facts("supply", "verify", "price.opening", "shared.json", "--network", name)
    assert (told["ok"], told["member"], told["values"]) == (True, "alpha", [secret])
    shown = terminal.run("verify", "second.opening", "--network", name).stdout
    assert "nothing in an earlier one" in " ".join(shown.split())
    assert secret in terminal.run("verify", "price.opening", "--network", name).stdout
    said = terminal.error("supply", "open", event, "deal:cost", "--out", "no", "--home", "alpha")
    assert "nothing of 'deal:cost'" in said
    assert "there is no asset 'sealed-terms'" in terminal.error(*opening, "no", "--home", "bravo")
    files = [one for one in folder.rglob("*") if one.is_file() and "private" not in one.parts]
    holding = {
        one.name for one in files if any(each in one.read_bytes() for each in (secret.encode(), b"pgln"))
    }
    assert holding == {
        "bought.ndjson",
        "terms.csv",
        "more.csv",
        "dearer.csv",
    }  # no log, no store, and not what others get


def test_a_data_set_is_drafted_for_somebody_to_sign_in_the_console(network):
    terminal, _ = network
    made = add(terminal, "alpha", "drafted", draft="drafted.json")
    assert (made["method"], made["args"]["name"], made["args"]["count"]) == ("assets.register", "drafted", 40)
    kept = json.loads((terminal.folder / "drafted.json").read_text(encoding="utf-8"))
    assert kept == {"method": made["method"], "args": made["args"]}
    assert (
        Vault(terminal.folder / "alpha" / "private").commitment("drafted").root.hex()
        == kept["args"]["commitment"]
    )
    assert "alpha/drafted" not in terminal.run("asset", "list", "--home", "alpha").stdout
    command = ["asset", "add", "alpha.csv", "--name", "drafted", "--home", "alpha", "--draft"]
    assert "is there already" in terminal.error(*command, "drafted.json")
    assert "--draft is for a new asset" in terminal.error(*command, "new.json", "--append", code=2)


def test_rows_are_added_and_a_subject_erased_as_new_versions(network):
    terminal, _ = network
    add(terminal, "alpha", "ward")
    more = terminal.folder / "more.csv"
    more.write_text("patient,age [years],pressure,ill\nnew,50,120,no\n")
    command = ["asset", "add", "more.csv", "--name", "ward", "--subject", "patient", "--home", "alpha"]
    grown = terminal.facts(*command, "--append")
    assert (grown["version"], grown["records"]) == (2, 41)
    (terminal.folder / "other.csv").write_text("patient,age [years],ill\nnew,50,no\n")
    said = terminal.error("asset", "add", "other.csv", *command[3:], "--append")
    assert 'other.csv has no column "pressure", and ward does' in said
    erased = terminal.facts("asset", "erase", "ward", "--subject", "new", "--yes", "--home", "alpha")
    assert (erased["version"], erased["records"]) == (3, 40)
    assert "error:" in terminal.error(
        "asset", "erase", "ward", "--subject", "nobody", "--yes", "--home", "alpha"
    )
    vault = Vault(terminal.folder / "alpha" / "private")  # two commands cut off before the ledger was told
    cut_off = vault.append_rows("ward", {b"late": [b"x"]})
    said = terminal.error(*command, "--append")
    assert "it is version 4 now, of 41 records. Nothing was added from more.csv" in said
    shown = terminal.facts("asset", "show", "ward", "--home", "alpha")
    assert (shown["version"], shown["newest"]["commitment"]) == (4, cut_off.root.hex())
    vault.erase_subject("ward", b"late")
    said = terminal.error("asset", "erase", "ward", "--subject", "late", "--yes", "--home", "alpha")
    assert "it is version 5 now, of 40 records." in said


def test_rows_that_are_added_without_a_subject_stay_subjects_of_their_own(network):
    terminal, _ = network
    (terminal.folder / "bare.csv").write_text("age,ill\n50,no\n60,yes\n")
    command = ["asset", "add", "bare.csv", "--home", "alpha"]
    assert terminal.facts(*command)["subjects"] == 2
    grown = terminal.facts(*command, "--append")
    assert (grown["records"], grown["subjects"]) == (4, 4)


def test_a_file_that_cannot_be_shared_says_file_row_and_column(network):
    terminal, _ = network
    (terminal.folder / "ragged.csv").write_text("patient,age\na,1\nb\n")
    said = terminal.error("asset", "add", "ragged.csv", "--subject", "patient", "--home", "alpha")
    assert 'ragged.csv, row 3, column "age"' in said
    said = terminal.error("asset", "add", "alpha.csv", "--name", "x", "--subject", "who", "--home", "alpha")
    assert 'alpha.csv: there is no column "who"' in said
    assert "x" not in [one["name"] for one in terminal.facts("asset", "list", "--home", "alpha")["assets"]]


def test_a_stream_of_records_is_one_batch(network):
    terminal, _ = network
    (terminal.folder / "readings.txt").write_text("".join(f"{at} 20.5\n" for at in range(1000)))
    added = terminal.facts("asset", "add", "readings.txt", "--kind", "batch", "--home", "alpha")
    command = ["asset", "add", "readings.txt", "--kind", "batch", "--name", "x", "--home", "alpha"]
    for asked in (["--subject", "patient"], ["--append"]):
        assert "are for data sets, not for a batch" in terminal.error(*command, *asked, code=2)
    assert (added["kind"], added["records"]) == ("batch", 1000)


def test_members_train_a_model_and_its_lineage_names_their_data(network):
    terminal, _ = network
    for name in MEMBERS:
        add(terminal, name, "cohort")
    terms = ["--data", "cohort", "--label", "ill", "--purpose", "research", "--home", "alpha"]
    proposed = terminal.facts("study", "propose", "risk", *terms, "--title", "Who falls ill")
    for name in MEMBERS:
        terminal.run("study", "join", "alpha/risk", "--data", "cohort", "--home", name)
    watching = terminal.start("study", "watch", "alpha/risk", "--home", "bravo", "--json")
    terminal.run("study", "start", "risk", "--home", "alpha")
    assert watching.wait() == 0, watching.errors
    lines = list(iter(watching._lines.get, ""))
    assert f"of {proposed['rounds']}" not in lines[0]
    found = terminal.facts("study", "show", "risk", "--home", "alpha")
    assert found["progress"]["status"] == "finished"
    drawn = terminal.run("asset", "lineage", "alpha/risk", "--home", "charlie").stdout
    assert [name for name in MEMBERS if f"{name}/cohort" not in drawn] == []
    assert "alpha/risk: no noise: nothing bounds" in drawn
    assert terminal.facts("asset", "show", "alpha/risk", "--home", "bravo")["privacy"]["epsilon"] is None
    assert "finished" in terminal.run("study", "list", "--home", "bravo").stdout
    beside = terminal.facts("study", "compare", "alpha/risk", "--data", "cohort", "--home", "charlie")
    assert (beside["seen"], beside["noise"]) == (True, None)
    assert set(beside["shared"]) == set(beside["own_unseen"]) == {"accuracy", "AUROC"}
    attacks = terminal.facts("study", "attack", "alpha/risk", "--seed", 1, "--home", "bravo")["findings"]
    assert {one["attack"]: one["verdict"] for one in attacks[1:]} == {
        "membership, by the finished model": "left out",
        "reading a record out of an open update": "found",
        "telling own masked updates apart": "nothing found",
        "audit of epsilon": "left out",
    }
    assert attacks[0]["advantage"] < 1
    assert (
        "records of cohort"
        in terminal.run("study", "compare", "alpha/risk", "--data", "cohort", "--home", "bravo").stdout
    )


def test_a_data_set_that_does_not_fit_a_study_is_not_joined_with(network):
    terminal, _ = network
    add(terminal, "bravo", "misfit-base")
    (terminal.folder / "odd.csv").write_text("patient,age [months],ill\na,900,yes\nb,20,no\n")
    command = [
        "asset",
        "add",
        "odd.csv",
        "--subject",
        "patient",
        "--purpose",
        "research",
        "--home",
        "charlie",
    ]
    terminal.run(*command)
    terms = ["--data", "misfit-base", "--label", "ill", "--purpose", "research", "--home", "bravo"]
    told = terminal.run("study", "propose", "narrow", *terms, "--quorum", "4").stderr
    assert "4 members are needed to begin, and 3 can join." in told
    said = terminal.error("study", "join", "bravo/narrow", "--data", "odd", "--home", "charlie")
    assert "does not fit the study's schema in 2 ways" in said
    assert 'column "pressure": the column is missing' in said
    assert "research" in terminal.run("study", "show", "bravo/narrow", "--home", "alpha").stdout
    terminal.run("study", "cancel", "narrow", "--reason", "never mind", "--home", "bravo")
    assert terminal.run("study", "watch", "bravo/narrow", "--home", "alpha", code=1).stdout.endswith(
        "Aborted: never mind\n"
    )


PROGRAM = """
import numpy as np


class Program:
    def __init__(self, size):
        self.weights = [np.zeros(size)]

    def weights_out(self):
        return self.weights

    def weights_in(self, weights, *, train):
        self.weights = weights


def make(records):
    return Program(records.columns.shape[1] + 1)


def large(records):
    return Program(1_000)
"""


def test_who_has_no_program_for_a_study_of_weights_or_one_that_does_not_fit_is_told_so(network):
    terminal, _ = network
    (terminal.folder / "programs.py").write_text(PROGRAM)
    add(terminal, "charlie", "weighed")
    terms = ["--data", "weighed", "--label", "ill", "--purpose", "research", "--home", "charlie"]
    terminal.run("study", "propose", "weights", "--recipe", "weights.fedavg", *terms)
    join = ["study", "join", "weights", "--data", "weighed", "--home", "charlie"]
    said = terminal.error(*join)
    assert "a program of each member's own" in said
    assert 'trainer = "module:name"' in said
    assert "the trainer has 1000 weights, the study has 3" in terminal.error(
        *join, CONSORTIA_TRAINER="programs:large"
    )
    assert "No module named" in terminal.error(*join, "--trainer", "nowhere:make")
    assert "thinks better" not in terminal.run(*join, "--trainer", "programs:make").stdout
    found = terminal.facts("doctor", "--home", "charlie", code=1)["checks"]
    (study,) = [one for one in found if one["check"] == "study"]
    assert study["text"].startswith("charlie/weights waits for this member in vain: the recipe trains with")
    assert "own-model" in study["remedy"]
    told = terminal.facts("doctor", "--home", "charlie", CONSORTIA_TRAINER="programs:make")
    assert "study" not in {one["check"] for one in told["checks"]}
    terminal.run("study", "cancel", "weights", "--home", "charlie")
    watched = terminal.run("study", "watch", "weights", "--home", "charlie", code=1)
    assert "charlie is waited for in vain: the recipe trains with" in watched.stderr


def test_a_key_is_added_used_and_revoked(network):
    terminal, _ = network
    made = terminal.facts("key", "new", "clerk", "--role", "operator", "--home", "bravo")
    listed = {one["label"]: one for one in terminal.facts("key", "list", "--home", "bravo")["keys"]}
    assert listed["clerk"]["id"] == made["key"]
    assert (listed["clerk"]["standing"], listed["clerk"]["file"]) == ("active", True)
    terminal.run("key", "revoke", "clerk", "--home", "bravo")
    assert "no active key" in terminal.error("key", "revoke", "clerk", "--home", "bravo")
    assert "refused, identity.last_admin" in terminal.error("key", "revoke", "admin", "--home", "bravo")


def test_a_node_cosigns_with_its_new_key_once_it_is_restarted(network):
    terminal, nodes = network
    terminal.run("key", "rotate", "--home", "charlie")
    nodes["charlie"].stop()
    keys = terminal.folder / "charlie" / "keys"  # and one that was never registered
    save_key(keys, SigningKey(bytes(32)), None, label="node09", role="node", member="charlie")
    nodes["charlie"] = terminal.up("charlie")
    terminal.run("key", "new", "after", "--role", "analyst", "--home", "charlie")
    until(
        lambda: terminal.facts("status", "--home", "alpha")["cosigned"] == MEMBERS,
        "charlie cosigns again",
    )


def test_a_new_key_is_kept_where_nobody_waits_to_hear_whether_the_ledger_took_it_in(network):
    terminal, nodes = network
    path = terminal.folder / "charlie" / "keys" / "late.key.json"
    nodes["alpha"].process.send_signal(signal.SIGSTOP)
    try:
        adding = terminal.start("key", "new", "late", "--role", "analyst", "--home", "charlie")
        until(path.exists, "the key's file")
        assert adding.stop(signal.SIGINT) != 0
    finally:
        nodes["alpha"].process.send_signal(signal.SIGCONT)
    assert path.exists()
    rows = terminal.facts("key", "list", "--home", "charlie")["keys"]
    assert [one["file"] for one in rows if one["label"] == "late"] == [True]


def test_every_key_is_replaced_by_the_recovery_key(network):
    terminal, nodes = network
    before = {one["id"] for one in terminal.facts("key", "list", "--home", "charlie")["keys"]}
    terminal.run("key", "recover", "--yes", "--home", "charlie")
    nodes["charlie"].stop(signal.SIGTERM)
    nodes["charlie"] = terminal.up("charlie")
    keys = terminal.facts("key", "list", "--home", "charlie")["keys"]
    active = {one["id"] for one in keys if one["standing"] == "active"}
    assert len(active) == 4
    assert active & before == set()
    terminal.run("key", "new", "again", "--role", "analyst", "--home", "charlie")
    until(
        lambda: terminal.facts("status", "--home", "alpha")["cosigned"] == MEMBERS,
        "charlie cosigns with its new key",
    )


def test_a_member_is_removed_by_the_others_and_one_leaves(network):
    terminal, _ = network
    one = terminal.facts("member", "remove", "charlie", "--home", "alpha")
    assert one["awaited"] == ["bravo"]
    said = terminal.error("member", "approve", "charlie", "--removal", "--home", "charlie")
    assert "refused, identity.own_case" in said
    terminal.run("member", "approve", "charlie", "--removal", "--home", "bravo")
    assert "left" in terminal.run("member", "show", "charlie", "--home", "alpha").stdout
    asked = terminal.run(
        "member", "remove", "bravo", "--home", "alpha", code=130
    )  # of two, one alone decides
    assert "Of two members one alone removes the other" in asked.stdout
    terminal.run("member", "leave", "--yes", "--home", "bravo")
    assert terminal.facts("status", "--home", "alpha")["members"] == ["alpha"]
    assert "refused, identity.last_member" in terminal.error("member", "leave", "--yes", "--home", "alpha")
