"""An agent at a prompt: granted, run, shown, ended, silent."""

import json

import pytest

pytestmark = pytest.mark.slow

PROGRAM = '''"""Pays for every data set that is new."""


def decide(vector):
    return ("pay", 900_000) if vector[0] == 0 else ("skip", 100_000)
'''
RULE = {
    "purpose": "shopping",
    "watch": {"query": "assets.assets", "items": "assets", "subject": "id", "arguments": {"limit": 100}},
    "fields": [{"name": "kind", "path": "kind", "levels": ["dataset", "model"]}],
}


def rule_for(unit, amount):
    pay = {"payer": "clinic-a/clerk", "payee": "clinic-a", "unit": unit, "amount": amount}
    return RULE | {"messages": {"pay": [{"method": "bank.transfer", "arguments": pay}]}}


def test_an_agent_is_granted_runs_and_is_ended(terminal):
    terminal.run("init", "heart", "--org", "clinic-a", "--home", "a", "--plain-keys")
    terminal.up("a")
    unit = terminal.facts("unit", "new", "credit", "--issue", "100", "--home", "a")["id"]
    terminal.run("account", "pay", "clinic-a/clerk", "100", "credit", "--home", "a")
    (terminal.folder / "shopper.py").write_text(PROGRAM)
    (terminal.folder / "rule.json").write_text(json.dumps(rule_for(unit, 60)))
    (terminal.folder / "rows.csv").write_text("patient,age\np1,40\np2,50\n")
    path = {"PYTHONPATH": str(terminal.folder)}
    grant = [
        "mandate",
        "grant",
        "clerk",
        "--method",
        "bank.transfer",
        "--cap",
        "credit=60/100",
        "--home",
        "a",
    ]
    assert "one of them" in terminal.error(*grant, code=2)
    program = ["--program", "shopper:decide"]
    drafted = terminal.facts(*grant, *program, "--draft", "clerk.json", **path)
    assert (drafted["method"], drafted["args"]["agent"]) == ("identity.grant_mandate", "clerk")
    assert json.loads((terminal.folder / "clerk.json").read_text()) == {
        name: drafted[name] for name in ("method", "args")
    }
    assert terminal.facts("mandate", "list", "--home", "a")["mandates"] == []
    granted = terminal.facts(*grant, *program, **path)
    run = ["agent", "run", "shopper:decide", "--rule", "rule.json", "--once", "--home", "a"]
    assert terminal.run(*run, **path).stdout == ""
    terminal.run("asset", "add", "rows.csv", "--name", "rows", "--subject", "patient", "--home", "a")
    assert terminal.facts(*run, **path)["code"] == "ok"
    shown = terminal.facts("mandate", "show", "clerk", "--home", "a")
    assert (shown["mandate"], shown["standing"]) == (granted["mandate"], "acts")
    assert [(cap["spent"], cap["per_window"]) for cap in shown["caps"]] == [(0, 100)]  # to its own owner
    record = terminal.facts("agent", "show", "clerk", "--home", "a")
    assert (record["track"]["acts"], record["acts"][0]["stated"]) == (1, 900_000)
    assert "fewer than three organisations" in terminal.error(
        "mandate", "end", "clinic-a/clerk", "--council", "--home", "a"
    )
    terminal.run("mandate", "end", "clerk", "--home", "a")
    assert "no mandate in force" in terminal.error(*run, **path)
    assert [one["standing"] for one in terminal.facts("mandate", "list", "--home", "a")["mandates"]] == [
        "ended"
    ]
    (terminal.folder / "shopper.py").write_text(PROGRAM.replace("900_000", "100_000"))
    terminal.run(*grant, *program, **path)
    audited = terminal.facts("audit", "a")
    assert (audited["acts_executed"], audited["mismatches"]) == (0, 0)
    assert "a program answered" in str(audited)
