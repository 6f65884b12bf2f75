"""Write the reference pages that follow from the declarations: `python -m tools.reference [--check]`.

One page for each module of the ledger's law (messages, events, queries, refusals, state, invariants), one
for the kernel's refusals, one for the command line, one for the recipes' parameters, one for a node's
settings. The pages are committed,
and a test holds that they are what this writes; `--check` says which are not, and exits 1.
"""

import inspect
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from msgspec import inspect as types

from consortia.app import application
from consortia.base.refusals import Refusal
from consortia.cli import cli
from consortia.engines.train import RECIPES
from consortia.kernel.module import Method, Module, snake
from consortia.kernel.refusals import REFUSALS as KERNEL_REFUSALS
from consortia.node.config import FILE, Config, toml
from consortia.node.http_described import document
from consortia.node.places import PLACES

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "reference"
MADE = "Made from the declarations by `make reference`; do not edit."
_POWERS = {(1 << bits) - 1: f"2^{bits}-1" for bits in (16, 31, 32, 53, 63, 64)} | {-(1 << 63): "-2^63"}
_NAME_PATTERN = "[a-z0-9-]{0,31}"


def number(value: float) -> str:
    """A limit as people write it."""
    return _POWERS.get(int(value), f"{value:,}")


def span(low: int | None, high: int | None, unit: str) -> str:
    """`32 bytes`, `1 to 80 characters`, `at most 16 items`; empty where nothing is said."""
    if low is not None and low == high:
        return f"{number(low)} {unit}"
    if low and high is not None:
        return f"{number(low)} to {number(high)} {unit}"
    if high is not None:
        return f"at most {number(high)} {unit}"
    return f"at least {number(low)} {unit}" if low else ""


def described(kind: types.Type) -> str:
    """A field's type with its limits, in words."""
    if isinstance(kind, types.IntType):
        low, high = kind.ge, kind.le
        return (
            f"integer, {number(low)} to {number(high)}" if low is not None and high is not None else "integer"
        )
    if isinstance(kind, types.BytesType):
        return span(kind.min_length, kind.max_length, "bytes") or "bytes"
    if isinstance(kind, types.StrType):
        if kind.pattern and _NAME_PATTERN in kind.pattern:
            return "name"
        limits = [span(kind.min_length, kind.max_length, "characters")]
        limits += [f"matching `{kind.pattern}`"] if kind.pattern else []
        return ", ".join(["text", *(limit for limit in limits if limit)])
    if isinstance(kind, types.VarTupleType | types.ListType | types.FrozenSetType):
        limits = span(kind.min_length, kind.max_length, "items")
        return f"list of ({described(kind.item_type)}){', ' + limits if limits else ''}"
    if isinstance(kind, types.TupleType):
        return f"({'; '.join(described(item) for item in kind.item_types)})"
    if isinstance(kind, types.DictType):
        limits = span(kind.min_length, kind.max_length, "entries")
        return f"map to ({described(kind.value_type)}){', ' + limits if limits else ''}"
    if isinstance(kind, types.UnionType):
        return " or ".join(described(each) for each in kind.types)
    if isinstance(kind, types.LiteralType):
        return " or ".join(f"`{value}`" for value in kind.values)
    if isinstance(kind, types.StructType):
        return f"[{kind.cls.__name__}](#{kind.cls.__name__.lower()})"
    return {types.NoneType: "null", types.BoolType: "true or false"}.get(type(kind), "any value")


def nested(kind: types.Type) -> Iterator[type]:
    """The record types that a type holds."""
    if isinstance(kind, types.StructType):
        yield kind.cls
    for name in ("item_type", "value_type"):
        if hasattr(kind, name):
            yield from nested(getattr(kind, name))
    for name in ("item_types", "types"):
        for each in getattr(kind, name, ()):
            yield from nested(each)


def fields(record: type) -> tuple[types.Field, ...]:
    """The fields of a record, in the order of its declaration."""
    return types.type_info(record).fields


def doc(thing: Any) -> str:
    """What a declaration says of itself, as one paragraph."""
    text = inspect.getdoc(thing) or ""
    return " ".join(text.split("\n\n")[0].split())


def table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> list[str]:
    """A Markdown table, or nothing when it has no rows."""
    lines = ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    headings = list(headings)
    return ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings), *lines, ""] if lines else []


def record_section(record: type, heading: str) -> list[str]:
    """A record under a heading: what it says of itself, and its fields."""
    rows = [(f"`{field.encode_name}`", described(field.type)) for field in fields(record)]
    return [heading, "", doc(record), "", *table(("field", "type"), rows)]


def cost(method: Method) -> str:
    """What a method takes of the quota, in words."""
    return "by the message's size" if callable(method.cost) else number(method.cost)


def refusal_table(refusals: Iterable[Refusal]) -> list[str]:
    """The refusals in their order of precedence."""
    return table(
        ("number", "code", "meaning"), ((each.number, f"`{each.code}`", each.meaning) for each in refusals)
    )


def module_page(module: Module) -> str:
    """The page of one module."""
    lines = [f"# {module.name}", "", MADE, "", module.doc, "", f"Version {module.version}.", ""]
    lines += _messages(module) + _events(module) + _queries(module)
    lines += ["## Refusals, in their order of precedence", "", *refusal_table(module.refusals)]
    if module.tables:
        rows = [(f"`{t.module}/{t.name}/`", _key(t.key), _linked(t.kind), t.doc) for t in module.tables]
        lines += ["## State", "", *table(("prefix", "key", "record", "meaning"), rows)]
    lines += _records(module)
    if module.invariants:
        lines += ["## Invariants", ""]
        lines += [f"- **{each.name}**: {doc(each.check)}" for each in module.invariants] + [""]
    return "\n".join(lines).rstrip() + "\n"


def _messages(module: Module) -> list[str]:
    lines = ["## Messages", ""]
    for method in module.methods:
        lines += record_section(method.message, f"### {module.name}.{method.name}")
        marks = [f"Signed by: {', '.join(sorted(method.roles))}", f"cost: {cost(method)}"]
        marks += ["urgent: witnesses take it themselves"] if method.urgent else []
        lines += ["; ".join(marks) + ".", ""]
    return lines


def _events(module: Module) -> list[str]:
    lines = ["## Events", ""] if module.events else []
    for event in module.events:
        lines += record_section(event, f"### {module.name}.{snake(event.__name__)}")
    return lines


def _queries(module: Module) -> list[str]:
    lines = ["## Queries", ""] if module.queries else []
    for query in module.queries:
        lines += [f"### {module.name}.{query.name}", "", query.doc, ""]
        for title, record in (("Arguments", query.arguments), ("Answer", query.result)):
            rows = [(f"`{field.encode_name}`", described(field.type)) for field in fields(record)]
            lines += [f"{title}: {record.__name__ if rows else 'none'}.", "", *table(("field", "type"), rows)]
    return lines


def _key(parts: tuple[type, ...]) -> str:
    words = {str: "text", bytes: "bytes", int: "integer"}
    return ", ".join(words[part] for part in parts) or "none"


def _linked(record: type) -> str:
    return f"[{record.__name__}](#{record.__name__.lower()})"


def _records(module: Module) -> list[str]:
    """The records that messages, events, queries and tables hold, each once, by name."""
    found: dict[str, type] = {each.kind.__name__: each.kind for each in module.tables}
    waiting: list[type] = [method.message for method in module.methods]
    waiting += [*module.events, *found.values()]
    waiting += [record for query in module.queries for record in (query.arguments, query.result)]
    visited: set[type] = set()
    while waiting:
        record = waiting.pop()
        if record in visited:
            continue
        visited.add(record)
        for field in fields(record):
            for inner in nested(field.type):
                found[inner.__name__] = inner
                waiting.append(inner)
    lines = ["## Records", ""] if found else []
    for name in sorted(found):
        lines += record_section(found[name], f"### {name}")
    return lines


def kernel_page() -> str:
    """The page of what the kernel refuses before and beside every module."""
    lines = [
        "# kernel",
        "",
        MADE,
        "",
        "What is refused of any transaction, whatever module it is for, in the order of precedence.",
        "",
        *refusal_table(KERNEL_REFUSALS),
    ]
    return "\n".join(lines).rstrip() + "\n"


def index_page(modules: Iterable[Module]) -> str:
    """The list of the law's pages."""
    lines = [
        "# The ledger's law",
        "",
        MADE,
        "",
        "What a transaction may ask, and what the ledger may answer.",
        "",
    ]
    lines += ["- [kernel](kernel.md): what is refused of any transaction"]
    lines += [f"- [{module.name}]({module.name}.md): {module.doc}" for module in modules]
    return "\n".join(lines) + "\n"


def commands_page() -> str:
    """The page of the command line."""
    lines = ["# Commands", "", MADE, "", "Exit codes: 0 done or true, 1 refused or false, 2 wrong usage,"]
    lines += ["3 could not check, 4 (`up`) software too old for the next block.", ""]
    root = click.Context(cli, info_name="consortia")
    for name in cli.list_commands(root):
        command = cli.get_command(root, name)
        if command is None:
            raise LookupError(f"the command {name} is listed and not there")
        lines += _command(command, f"consortia {name}", "##")
    return "\n".join(lines).rstrip() + "\n"


def _command(command: click.Command, path: str, marks: str) -> list[str]:
    ctx = click.Context(command, info_name=path)
    usage = " ".join(command.collect_usage_pieces(ctx))
    help_text = "\n\n".join(
        " ".join(part.split()) for part in (inspect.cleandoc(command.help or "")).split("\n\n")
    )
    lines = [f"{marks} {path}", "", f"`{path} {usage}`", "", help_text, ""]
    rows = []
    for parameter in command.params:
        written = ", ".join(f"`{each}`" for each in (*parameter.opts, *parameter.secondary_opts))
        help_line = getattr(parameter, "help", None) or ""
        if isinstance(parameter, click.Option) and not getattr(parameter, "hidden", False):
            rows.append((written, " ".join(help_line.split())))
    lines += table(("option", "does"), rows)
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            inner = command.get_command(ctx, name)
            if inner is not None and not inner.hidden:
                lines += _command(inner, f"{path} {name}", marks + "#")
    return lines


def parameters_page() -> str:
    """The page of the recipes' parameters."""
    predicted = {
        "classes": "two classes",
        "number": "a number",
        "either": "two classes or a number",
        "times": "times until an event",
        "baskets": "what people take next",
    }
    lines = [
        "# Recipes' parameters",
        "",
        MADE,
        "",
        "What each recipe is stands in [Recipes](recipes.md).",
        "",
    ]
    for name in sorted(RECIPES):
        rule, about = RECIPES[name], RECIPES[name].about
        promises = ["exact at home" if about.exact else "floats at home"]
        promises += ["the pooled model"] if about.pooled else []
        what = "moments of the columns" if name == "statistics" else predicted[about.label]
        lines += [f"## {name}", "", f"Version {rule.version}. Gives {what}; {', '.join(promises)}.", ""]
        lines += table(
            ("parameter", "default", "limits", "meaning"),
            (
                (
                    f"`{each.name}`",
                    number(each.default),
                    f"{number(each.low)} to {number(each.high)}",
                    each.meaning,
                )
                for each in about.parameters
            ),
        )
    return "\n".join(lines).rstrip() + "\n"


def settings_page() -> str:
    """The settings of a node, each with its default and what it is."""
    rows = []
    for field in types.type_info(Config).fields:
        kind, said = field.type, ""
        if isinstance(kind, types.Metadata):
            said, kind = (kind.extra_json_schema or {}).get("description", ""), kind.type
        default = "must be set" if field.required else f"`{toml(field.default)}`"
        rows.append((f"`{field.name}`", described(kind), default, said))
    return "\n".join(
        [
            "# Settings",
            "",
            MADE,
            "",
            f"A node's settings stand in `{FILE}` in its home. A variable of the environment goes over the",
            "file, and a flag of `consortia up`, where there is one, over both: `listen` is",
            "`CONSORTIA_LISTEN` and `--listen`. A setting that does not exist, or of the wrong kind, is an",
            "error that names its place.",
            "",
            *table(("setting", "kind", "default", "what it is"), rows),
            "",
        ]
    )


def api_page() -> str:
    """Every operation of a node's HTTP interface, as `/openapi.json` describes it."""
    described = document(application(), PLACES)
    lines = [
        "# Operations of the HTTP interface",
        "",
        MADE,
        "",
        "Every node serves this as OpenAPI 3.1 at `/openapi.json`, with the schemas of all fields;",
        "[HTTP](http.md) says who may ask, and how.",
    ]
    for heading, start in (
        ("Places", ""),
        ("Questions", "/v1/query/"),
        ("Unsigned transactions", "/v1/build/"),
    ):
        lines += ["", f"## {heading}", "", "| operation | what |", "|---|---|"]
        for path, operations in described["paths"].items():
            in_room = path.startswith(("/v1/query/", "/v1/build/"))
            if path.startswith(start) if start else not in_room:
                methods = [name.upper() for name in operations]
                what = next(iter(operations.values()))["summary"].replace("|", "\\|")
                lines.append(f"| `{', '.join(methods)} {path}` | {what} |")
    return "\n".join(lines) + "\n"


def pages() -> dict[Path, str]:
    """Every page that follows from the declarations, by its place."""
    modules = application().modules
    made = {FOLDER / "ledger" / f"{module.name}.md": module_page(module) for module in modules}
    made[FOLDER / "ledger" / "kernel.md"] = kernel_page()
    made[FOLDER / "ledger" / "index.md"] = index_page(modules)
    made[FOLDER / "commands.md"] = commands_page()
    made[FOLDER / "parameters.md"] = parameters_page()
    made[FOLDER / "settings.md"] = settings_page()
    made[FOLDER / "api.md"] = api_page()
    return made


def stale() -> list[str]:
    """The pages that are not what the declarations give, and those that nothing gives any more."""
    made = pages()
    differ = [path for path, text in made.items() if not path.exists() or path.read_text("utf-8") != text]
    extra = set((FOLDER / "ledger").glob("*.md")) - set(made)
    return sorted(path.relative_to(ROOT).as_posix() for path in {*differ, *extra})


def main() -> int:
    if sys.argv[1:] == ["--check"]:
        found = stale()
        print("\n".join(found) or "all pages follow from the declarations")
        return 1 if found else 0
    made = pages()
    (FOLDER / "ledger").mkdir(parents=True, exist_ok=True)
    for path in set((FOLDER / "ledger").glob("*.md")) - set(made):
        path.unlink()
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
    print(f"{len(made)} pages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
