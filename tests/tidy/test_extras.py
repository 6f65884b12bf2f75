"""A plain install runs: nothing that a command, a story, a node or a worker begins with needs an extra."""

import subprocess
import sys
import tomllib
from pathlib import Path

from consortia.cli import _COMMANDS
from consortia.cli.demo import STORIES

ROOT = Path(__file__).parents[2]
IMPORTED = {
    "pandas": "pandas",
    "protobuf": "google",
    "scikit-learn": "sklearn",
    "lxml": "lxml",
    "libsumo": "libsumo",
}
"""What each package of an extra is called where it is imported."""

BEGUN = sorted(
    {path.partition(":")[0] for path, _ in _COMMANDS.values()}
    | {module for module, _ in STORIES.values()}
    | {
        "consortia.cli.demo.playing",
        "consortia.node.__main__",
        "consortia.node.server",
        "consortia.node.worker",
    }
)
WITHOUT = """
import importlib, sys
for name in {hidden}:
    sys.modules[name] = None
for module in {modules}:
    try:
        importlib.import_module(module)
    except ImportError as error:
        print(f"{{module}}: {{error}}")
"""


def test_every_package_of_an_extra_is_hidden_here():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert {one.partition(">")[0] for packages in extras.values() for one in packages} == set(IMPORTED)


def test_nothing_that_is_begun_needs_an_extra():
    code = WITHOUT.format(hidden=sorted(IMPORTED.values()), modules=BEGUN)  # one process: a start costs more
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0), done.stderr[-600:]
