"""The page on exact training: its program runs as it stands, and says what it is to say."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "exact-training.md"


def test_the_study_on_the_page_runs_and_ends_with_the_comparison(capsys):
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(program, str(PAGE), "exec"), {})  # noqa: S102 (our own page, as it stands)
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said[:9]] == ["statistics"] + ["newton"] * 8
    assert said[9].split()[0] in {"benign", "malignant"}
    assert said[10].startswith("Alone, the sites reach ")
