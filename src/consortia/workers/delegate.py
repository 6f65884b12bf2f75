"""What an agent is: two pure functions, and the rule that says what it looks at and what its answers do.

    observe(rule, item) -> vector of integers       act(vector) -> an answer       rule -> messages

An agent reads only fields whose type is an integer, a truth value or one of a few words: a rule that asks for
free text is refused before it runs, so nothing that somebody wrote to be read can speak to it. The rule is a
JSON file; its bytes are a blob, and every act names that blob as its policy. So whoever has the rule, the
vector and the model (or the program) computes the very messages that the agent signed.
"""

import importlib
import inspect as sources
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
from msgspec import inspect

from consortia.base.codec import INTEGER_MAX, INTEGER_MIN, Malformed, Record
from consortia.base.hashing import tagged
from consortia.engines.infer.models import load
from consortia.engines.infer.predict import features_of, predict_features
from consortia.kernel.application import Application

PROGRAM_TAG = "consortia/program"
SUBJECT = "$subject"
RULE_BYTES_MAX = 1 << 16
Vector = tuple[int | None, ...]
"""What an agent saw, as integers; None where a field is empty."""


class RuleError(ValueError):
    """A rule, a program or a model that no agent can run by; the text says what is wrong."""


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that is looked at: the `path` of a typed field in an item, dots between names.

    Where the field is a word, `levels` are the words that are told apart; any other is an empty field.
    """

    name: str
    path: str
    levels: tuple[str, ...] = ()


class Watch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where things to act on come from: a query, the list in its answer, and the field that is their id.

    Where there is a `detail`, an item is the answer to that query, whose argument `key` is the id.
    """

    query: str
    items: str
    subject: str
    arguments: dict[str, Any] = {}
    detail: str = ""
    key: str = ""


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message that an answer leads to.

    "$subject" among its arguments stands for the item's id, "$path" for another id or hash in the item.
    """

    method: str
    arguments: dict[str, Any]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an agent looks at, and which messages each of its answers leads to; for none, it does nothing.

    `advice` is what an answer leads to instead where the ledger lets it only advise.
    """

    purpose: str
    watch: Watch
    fields: tuple[Field, ...]
    messages: dict[str, tuple[Template, ...]]
    advice: dict[str, tuple[Template, ...]] = {}

    def advising(self) -> "Rule":
        """The same rule where its answers lead to advice."""
        return msgspec.structs.replace(self, messages=self.advice, advice={})


@dataclass(frozen=True, slots=True)
class Answer:
    """What an agent makes of a vector: a label, the probability of yes that it states (parts per million)."""

    label: str
    stated: int
    score: int = 0


class Mind(Protocol):
    """A model or a program: how items become vectors, and vectors answers. Both functions are pure."""

    @property
    def content(self) -> bytes:
        """The model's blob id, or the program's hash."""

    def observe(self, rule: Rule, item: Mapping[str, Any]) -> Vector:
        """The vector of an item."""

    def act(self, vector: Vector) -> Answer:
        """The answer to a vector."""


def read_rule(data: bytes, app: Application) -> Rule:
    """The rule in these bytes, if an agent may run by it; raises RuleError.

    1. The bytes are the JSON of a rule, at most 64 KiB.
    2. Its query is one of the application's, and its items are a list in the answer.
    3. Every field leads to an integer, a truth value or a word from a closed set, never to free text.
    4. Every message is one that an agent's key may sign.
    """
    try:
        rule = msgspec.json.decode(data[: RULE_BYTES_MAX + 1], type=Rule)  # 1
    except ValueError as error:
        raise RuleError(f"no rule: {error}") from None
    found = app.query(rule.watch.query)  # 2
    if found is None:
        raise RuleError(f"there is no query {rule.watch.query}")
    item = _item_type(found[1].result, rule.watch.items)
    if rule.watch.detail:
        detail = app.query(rule.watch.detail)
        if detail is None or rule.watch.key not in detail[1].arguments.__struct_fields__:
            raise RuleError(f"there is no query {rule.watch.detail} by {rule.watch.key}")
        item = inspect.type_info(detail[1].result)
    for field in rule.fields:  # 3
        _check_typed(item, field)
    every = (*rule.messages.values(), *rule.advice.values())
    for template in (one for templates in every for one in templates):  # 4
        bound = app.methods.get(template.method)
        if bound is None or "agent" not in bound.method.roles:
            raise RuleError(f"{template.method} is nothing that an agent may sign")
    return rule


def observe(rule: Rule, item: Mapping[str, Any]) -> Vector:
    """The integers of an item: numbers as they are, truth as 0 or 1, a word as its place among the levels."""
    return tuple(_integer(field, at(item, field.path)) for field in rule.fields)


def places(rule: Rule, label: str) -> list[tuple[int, str, str]]:
    """Where an answer's messages take something from the item: number of the message, argument, "$path"."""
    return [
        (number, name, value)
        for number, one in enumerate(rule.messages.get(label, ()))
        for name, value in one.arguments.items()
        if isinstance(value, str) and value.startswith("$")
    ]


def taken(rule: Rule, label: str, subject: bytes, item: Mapping[str, Any]) -> dict[str, bytes]:
    """What an answer's messages take from the item, by "$path": ids and hashes, never text."""
    found = {}
    for _, _, place in places(rule, label):
        value = subject if place == SUBJECT else at(item, place[1:])
        found[place] = check_subject(value, place)
    return found


def messages_of(rule: Rule, label: str, given: Mapping[str, bytes]) -> list[tuple[str, dict[str, Any]]]:
    """The messages that an answer leads to, with what they take from the item; bytes as hex."""
    return [
        (
            one.method,
            {
                name: given[value].hex() if isinstance(value, str) and value in given else value
                for name, value in one.arguments.items()
            },
        )
        for one in rule.messages.get(label, ())
    ]


@dataclass(frozen=True)
class ModelMind:
    """A model that was trained on this ledger: its own exact integers answer."""

    content: bytes
    model: bytes

    def observe(self, rule: Rule, item: Mapping[str, Any]) -> Vector:
        """The model's own feature integers, by the names of its columns; raises RuleError."""
        loaded = load(self.model)
        named = {field.name: field for field in rule.fields}
        if set(named) != set(loaded.schema.names):
            raise RuleError(f"the model's columns are {', '.join(loaded.schema.names)}")
        cells: list[object] = []
        for name in loaded.schema.names:
            field = named[name]
            value = _integer(field, at(item, field.path))
            cells.append(field.levels[value] if field.levels and value is not None else value)
        try:
            return features_of(loaded, cells)
        except ValueError as error:
            raise RuleError(str(error)) from None

    def act(self, vector: Vector) -> Answer:
        """The class that the model answers with, and the probability of the second one."""
        said = predict_features(self.model, [vector])[0]
        return Answer(said.label, said.probability_ppm, said.score)


@dataclass(frozen=True)
class ProgramMind:
    """A program of the member's own: a function from integers to (label, probability of yes in ppm)."""

    content: bytes
    function: Callable[[Sequence[int | None]], tuple[str, int]]

    def observe(self, rule: Rule, item: Mapping[str, Any]) -> Vector:
        """The integers of the item."""
        return observe(rule, item)

    def act(self, vector: Vector) -> Answer:
        """What the program answers; raises RuleError where that is no answer."""
        label, stated = self.function(vector)
        if type(label) is not str or type(stated) is not int or not 0 <= stated <= 1_000_000:
            raise RuleError("a program answers with a label and a probability of 0 to 1,000,000")
        return Answer(label, stated)


def load_program(name: str) -> ProgramMind:
    """The program `module:name`, pinned by the hash of its module's source; raises RuleError."""
    function, content = find_program(name)
    if not callable(function):
        raise RuleError(f"{name} is no function")
    return ProgramMind(content, function)


def find_program(name: str) -> tuple[object, bytes]:
    """What `module:name` stands for, and the hash that pins it; raises RuleError."""
    module_name, _, inner = name.partition(":")
    try:
        module = importlib.import_module(module_name)
        found: object = getattr(module, inner)
        source = sources.getsource(module)
    except (ImportError, AttributeError, OSError, TypeError, ValueError) as error:
        raise RuleError(f"no program {name}: {error}") from None
    return found, program_hash(name, source)


def program_hash(name: str, source: str) -> bytes:
    """H("consortia/program", name | 0 | source), 32 bytes: what a mandate for a program pins."""
    return tagged(PROGRAM_TAG, name.encode() + b"\x00" + source.encode())


def canonical(rule: Rule) -> bytes:
    """A rule's bytes in one form, for who writes one: keys sorted, no spaces."""
    return json.dumps(msgspec.to_builtins(rule), sort_keys=True, separators=(",", ":")).encode()


def at(item: Mapping[str, Any], path: str) -> object:
    """What stands at a path of an item, None where the way there ends early; raises RuleError."""
    found: object = item
    for name in path.split("."):
        if found is None:
            return None
        if not isinstance(found, Mapping) or name not in found:
            raise RuleError(f"there is no field {path}")
        found = found[name]
    return found


def _integer(field: Field, value: object) -> int | None:
    if field.levels:
        return field.levels.index(value) if isinstance(value, str) and value in field.levels else None
    if value is None or isinstance(value, bool):
        return None if value is None else int(value)
    if type(value) is not int or not INTEGER_MIN <= value <= INTEGER_MAX:
        raise RuleError(f"{field.path} is no integer")
    return value


def _plain(info: inspect.Type) -> inspect.Type:
    """A type without what only says more about it, and without None beside it."""
    if isinstance(info, inspect.Metadata):
        return _plain(info.type)
    if isinstance(info, inspect.UnionType):
        others = [each for each in info.types if not isinstance(_plain(each), inspect.NoneType)]
        return _plain(others[0]) if len(others) == 1 else info
    return info


def _item_type(result: type[Record], path: str) -> inspect.Type:
    info = _field_type(inspect.type_info(result), path)
    if not isinstance(info, inspect.VarTupleType):
        raise RuleError(f"{path} is no list in the answer")
    return _plain(info.item_type)


def _field_type(info: inspect.Type, path: str) -> inspect.Type:
    for name in path.split("."):
        if not isinstance(info, inspect.StructType):
            raise RuleError(f"there is no field {path}")
        kinds = {field.name: field.type for field in info.fields}
        if name not in kinds:
            raise RuleError(f"there is no field {path}")
        info = _plain(kinds[name])
    return info


def _check_typed(item: inspect.Type, field: Field) -> None:
    """Refuse a field that is free text, or words without the levels that tell them apart."""
    info = _field_type(item, field.path)
    numeric = isinstance(info, inspect.IntType | inspect.BoolType)
    word = isinstance(info, inspect.LiteralType) or (
        isinstance(info, inspect.StrType) and info.pattern is not None and "-]{0,31}" in info.pattern
    )
    if not numeric and not word:
        raise RuleError(f"{field.path} is free text, or nothing that an agent reads")
    if word != bool(field.levels):
        raise RuleError(f"{field.path}: a word has levels, a number has none")


def check_subject(value: object, path: str) -> bytes:
    """The id that messages about an item name; raises RuleError where it is none."""
    if not isinstance(value, bytes):
        raise RuleError(f"{path} is no id")
    return value


def read_messages(
    make: Callable[[str, dict[str, Any]], Record], wanted: Sequence[tuple[str, Any]]
) -> list[Record]:
    """Messages as records, made by `make(method, arguments)`; raises RuleError."""
    try:
        return [make(method, arguments) for method, arguments in wanted]
    except Malformed as error:
        raise RuleError(f"the rule makes no message: {error}") from None
