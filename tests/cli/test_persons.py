"""A patient with a key of its own at a prompt: it comes, consents, pays, takes another key, and goes."""

import pytest

pytestmark = pytest.mark.slow


def test_a_person_signs_for_itself_and_its_member_cannot_stand_in_its_way(terminal):
    terminal.run("init", "heart", "--org", "clinic-a", "--home", "a", "--plain-keys")
    network = terminal.up("a").facts["network"]
    home, key, slip = ("--home", "a"), ("--key", "ada.key.json"), ("--slip", "ada/000001.json")
    research = ("--purpose", "research")
    (terminal.folder / "rows.csv").write_text("patient,age\np1,40\np2,50\n")
    terminal.run("asset", "add", "rows.csv", "--name", "rows", "--subject", "patient", *research, *home)
    terminal.run("consent", "require", "rows", *home)
    terminal.run("unit", "new", "credit", "--issue", "100", *home)

    made = ("person", "new", "ada.key.json", "--offer", "ada.offer", "--plain-keys")
    label = terminal.facts(*made, "--network", network, "--member", "clinic-a")["label"]
    ada = terminal.facts("person", "enrol", "ada.offer", *home)["person"]
    assert ada == f"clinic-a/{label}"
    asked = ("consent", "give", "rows", *research, "--days", "30", "--person", "p1", "--called", ada)
    terminal.run(*asked, "--slips", "ada", *home)
    terminal.run("consent", "agree", *slip, *key, *research, "--days", "60", *home)
    terminal.run("account", "pay", ada, "100", "credit", *home)
    terminal.run("account", "pay", "clinic-a", "40", "credit", *key, *home)

    terminal.run("person", "rekey", "ada2.key.json", *key, "--plain-keys", *home)
    assert "revoked_key" in terminal.error("person", "release", label, *key, *home)
    terminal.run("person", "release", label, *home)
    (listed,) = terminal.facts("person", "list", *home)["persons"]
    assert (listed["label"], listed["released"] is not None) == (label, True)
    key = ("--key", "ada2.key.json")
    assert "no_act" in terminal.error("account", "pay", "clinic-a", "60", "credit", *key, *home)
    assert "needs the key of" in terminal.error("consent", "withdraw", *slip, *research, *home)
    terminal.run("consent", "withdraw", *slip, *key, *research, *home)
