"""The pages on exact training and on privacy: their programs run as they stand, and say what they should."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "explanation"
PAGE = FOLDER / "exact-training.md"


def test_the_study_on_the_page_runs_and_ends_with_the_comparison(capsys):
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(program, str(PAGE), "exec"), {})  # noqa: S102 (our own page, as it stands)
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said[:9]] == ["statistics"] + ["newton"] * 8
    assert said[9].split()[0] in {"benign", "malignant"}
    assert said[10].startswith("Alone, the sites reach ")


def test_the_private_study_on_the_page_keeps_its_budget_and_its_claim(capsys):
    page = FOLDER / "privacy.md"
    (program,) = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(program, str(page), "exec"), {})  # noqa: S102 (our own page, as it stands)
    costs, epsilon, accuracy, audit = capsys.readouterr().out.splitlines()
    assert int(costs.split()[1]) <= int(costs.split()[3])
    assert epsilon == "epsilon 1.0 advantage at most 0.143"
    assert float(accuracy.split()[1]) > 0.8
    assert "the claim stands" in audit
