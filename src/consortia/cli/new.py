"""`consortia new`: a room of the right shape, with something in it that works, to change into your own."""

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import click

from consortia.cli.options import json_option
from consortia.cli.output import DONE, Failure, facts, note, say

_NAME = re.compile(r"[a-z][a-z0-9]{1,19}\Z")
_IMPORT = re.compile(r"^from consortia[.\w]* import (?:[^(\n]+|\([^)]*\))\n", re.MULTILINE)
_IMPORTS = re.compile(r"(?:^from consortia[.\w]* import (?:[^(\n]+|\([^)]*\))\n)+", re.MULTILINE)
_SOURCE = Path("src/consortia")


@dataclass(frozen=True, slots=True)
class Room:
    """A kind of room: where each template goes, where its name is listed, and what to do next.

    `lists` maps a file to (line after which to insert, or pattern whose match is replaced, replacement).
    """

    files: Mapping[str, str]
    lists: tuple[tuple[str, str, str], ...]
    then: tuple[str, ...]


_MODULE = ("README.md", "__init__.py", "types.py", "messages.py", "refusals.py", "state.py", "handlers.py")
ROOMS = {
    "module": Room(
        {
            **{f"{name}.in": f"src/consortia/modules/@name@/{name}" for name in (*_MODULE, "queries.py")},
            "scenarios.py.in": "src/consortia/testing/scenarios/@name@.py",
        },
        (
            (
                "src/consortia/app.py",
                r"(from consortia\.modules import \(\n)((?:    [a-z_]+,\n)+)(?=\))",
                "names",
            ),
            (
                "src/consortia/app.py",
                r"(            training\.module\()",
                r"            @name@.module(),\n\1",
            ),
        ),
        (
            "python -m consortia.testing.battery vectors tests/vectors",
            "python -m tools.reference",
            "python -m pytest tests/modules -q",
        ),
    ),
    "recipe": Room(
        {
            "recipe.py.in": "src/consortia/engines/train/@file@.py",
            "test.py.in": "tests/engines/test_@file@.py",
        },
        (
            (
                "src/consortia/engines/train/recipes.py",
                r"(from consortia\.engines\.train\.glm import )",
                r"from consortia.engines.train.@file@ import @NAME@\n\1",
            ),
            (
                "src/consortia/engines/train/recipes.py",
                r"(_ALL: tuple\[Recipe, \.\.\.\] = \(\n(?:    .*\n)*)(?=\))",
                r"\1    @NAME@,\n",
            ),
        ),
        ("python -m pytest tests/engines -q",),
    ),
    "solution": Room(
        {
            **{
                f"{name}.in": f"src/consortia/solutions/@name@/{name}"
                for name in (
                    "README.md",
                    "__init__.py",
                    "adapter.py",
                    "policy.py",
                    "synthetic.py",
                    "tasks.py",
                )
            },
            "scenarios.py.in": "src/consortia/solutions/@name@/scenarios/__init__.py",
            "scenario.py.in": "src/consortia/solutions/@name@/scenarios/@name@.py",
            "test.py.in": "tests/solutions/test_@name@.py",
        },
        (
            (
                "src/consortia/cli/demo/__init__.py",
                r"(STORIES: dict\[str, tuple\[str, str\]\] = \{\n(?:    .*\n)*)(?=\})",
                r"""\1    "@name@": (
        "consortia.solutions.@name@.scenarios.@name@",
        "@Name@: one sentence on what happens.",
    ),
""",
            ),
        ),
        ("python -m pytest tests/solutions -q", "consortia demo @name@"),
    ),
}


@click.command()
@click.argument("kind", type=click.Choice(sorted(ROOMS)))
@click.argument("name")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path(),
    help="The working copy of Consortia's source; here when left out.",
)
@json_option
def new(*, kind: str, name: str, folder: Path, as_json: bool) -> int:
    """Make a recipe, a module of the law or a solution called NAME, in a working copy of the source.

    The room has the right shape, something small in it that works, its tests, and its place in the lists: it
    passes its battery at once. Then make it yours.
    """
    if not _NAME.match(name) or keyword.iskeyword(name):
        raise click.BadParameter("a room's name is 2 to 20 of a-z and 0-9, a letter first", param_hint="NAME")
    if not (folder / _SOURCE / "app.py").is_file():
        raise Failure(f"{folder.absolute()} is no working copy: it has no {_SOURCE}/app.py", "--dir FOLDER")
    room = ROOMS[kind]
    made = {
        filled(target, name): filled(template(kind, source), name) for source, target in room.files.items()
    }
    there = [path for path in made if (folder / path).exists()]
    if there:
        raise Failure(f"{there[0]} exists", "another name")
    lists = listed(room, folder, name)
    for path, text in {**made, **lists}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    then = [filled(command, name) for command in room.then]
    if as_json:
        facts({"kind": kind, "name": name, "made": sorted(made), "changed": sorted(lists), "then": then})
        return DONE
    for path in sorted(made):
        say(f"made     {path}")
    for path in sorted(lists):
        say(f"changed  {path}")
    note("Now:")
    for command in then:
        note(f"  {command}")
    return DONE


def template(kind: str, name: str) -> str:
    """The text of a template."""
    return (resources.files("consortia.cli") / "rooms" / kind / name).read_text(encoding="utf-8")


def filled(text: str, name: str) -> str:
    """A template or path with the room's name in its places."""
    for mark, word in (
        ("@name@", name),
        ("@Name@", name.capitalize()),
        ("@NAME@", name.upper()),
        ("@file@", name),
    ):
        text = text.replace(mark, word)
    return sorted_imports(text)


def sorted_imports(text: str) -> str:
    """A file's blocks of own imports in the order that the linter wants, whatever the room is called."""
    return _IMPORTS.sub(lambda block: "".join(sorted(_IMPORT.findall(block[0]), key=_module_of)), text)


def _module_of(statement: str) -> tuple[str, str]:
    words = statement.split()
    return words[1], words[3]


def listed(room: Room, folder: Path, name: str) -> dict[str, str]:
    """The files that list rooms of this kind, with the new one in its place; raises Failure."""
    texts: dict[str, str] = {}
    for path, pattern, replacement in room.lists:
        text = texts.get(path) or (folder / path).read_text(encoding="utf-8")
        if replacement == "names":
            changed, count = re.subn(pattern, lambda match: _with_name(match, name), text, count=1)
        else:
            changed, count = re.subn(pattern, filled(replacement, name), text, count=1)
        if count != 1:
            raise Failure(
                f"{path} has another shape than expected; nothing was written", f"list {name} by hand"
            )
        texts[path] = sorted_imports(changed)
    return texts


def _with_name(match: re.Match[str], name: str) -> str:
    """An import of one name a line with one more, sorted."""
    return match[1] + "".join(sorted([*match[2].splitlines(keepends=True), f"    {name},\n"]))
