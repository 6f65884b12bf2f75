"""The law holds nothing that could give two nodes two answers."""

import pytest

from consortia.app import application
from consortia.kernel.module import Module
from tests.tidy import beats, law
from tests.tidy.source import Source, python
from tests.tidy.source import law as law_files

FILES = law_files()
RULES = {"imports": law.imports, "floats": law.floats, "calls": law.calls, "state": law.state}


@pytest.mark.parametrize("rule", RULES)
def test_the_law_holds(rule: str):
    assert [problem for source in FILES for problem in RULES[rule](source)] == []


def test_no_order_of_a_set_reaches_a_result():
    assert list(law.set_order(FILES)) == []


@pytest.mark.parametrize("module", application().modules, ids=lambda module: module.name)
def test_handlers_have_their_four_beats(module: Module):
    handlers = {method.handler.__name__ for method in module.methods}
    room = python(f"src/consortia/modules/{module.name}")
    assert handlers <= {node.name for source in room for node in source.tree.body if hasattr(node, "name")}
    assert list(beats.beats(room, handlers)) == []


def sample(text: str) -> Source:
    return Source("src/consortia/kernel/sample.py", text)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("imports", "import os"),
        ("imports", "import time"),
        ("imports", "from random import Random"),
        ("imports", "import socket"),
        ("imports", "import numpy as np"),
        ("imports", "from cryptography.hazmat import primitives"),
        ("imports", "from math import exp"),
        ("floats", "x = 0.5"),
        ("floats", "x = 1j"),
        ("floats", "x = a / b"),
        ("floats", "a /= 2"),
        ("floats", "x = float(y)"),
        ("floats", "def f(x: float): ..."),
        ("floats", "x = np.float64(y)"),
        ("floats", "x = math.sqrt(y)"),
        ("calls", "x = hash(y)"),
        ("calls", "x = id(y)"),
        ("calls", "open('x')"),
        ("calls", "print(1)"),
        ("state", "def f():\n    global x"),
        ("state", "cache = {}"),
        ("state", "seen: set[int] = set()"),
    ],
)
def test_the_rules_of_the_law_bite(rule: str, text: str):
    assert list(RULES[rule](sample(text))) != []


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("imports", "import hashlib\nfrom consortia.base.codec import Record"),
        ("floats", "x = a // b\ny = isinstance(x, float)\nz = math.isqrt(9)"),
        ("state", "TABLE = {1: 2}\nx = (1, 2)"),
    ],
)
def test_the_rules_of_the_law_let_the_law_through(rule: str, text: str):
    assert list(RULES[rule](sample(text))) == []


def test_exact_may_hold_integer_arrays_and_still_no_floats():
    exact = Source("src/consortia/exact/sample.py", "import numpy as np\nx = np.zeros(3, dtype=np.float32)")
    assert list(law.imports(exact)) == []
    assert list(law.floats(exact)) != []


@pytest.mark.parametrize(
    "text",
    [
        "for x in {1, 2}: f(x)",
        "x = list(set(y))",
        "x = [f(y) for y in frozenset(z)]",
        "x = {y: 1 for y in set(z)}",
        "x = ','.join(y for y in set(z))",
        "x = (*{1, 2},)",
        "def f(x: set[int]):\n    return tuple(x)",
        "def f():\n    x = set()\n    for y in x: g(y)",
        "def f():\n    x = {1}\n    return [y for y in x | z]",
        "class C:\n    roles: frozenset[str]\n    def f(self):\n        return list(self.roles)",
        "def f(x: set[int]):\n    return x.pop()",
        "def f(a):\n    return list(a.keys().union(b))",
    ],
)
def test_the_rule_of_set_order_bites(text: str):
    assert list(law.set_order([sample(text)])) != []


@pytest.mark.parametrize(
    "text",
    [
        "for x in sorted({1, 2}): f(x)",
        "x = {f(y) for y in set(z)}",
        "x = sum(y for y in set(z))",
        "x = len(set(y)) == len(y)",
        "for x in [1, 2]: f(x)",
        "def f(x: list[int]):\n    return x.pop()",
    ],
)
def test_the_rule_of_set_order_lets_orderless_uses_through(text: str):
    assert list(law.set_order([sample(text)])) == []


GOOD = """
def put(ctx, message, ports):
    # CHECK
    require(message.size, EMPTY)
    # DECIDE
    record = Thing(message.size)
    # WRITE
    THINGS.put(ctx, record, 1)
    # EMIT
    ctx.emit(Done(1))
"""


def test_a_handler_in_four_beats_is_let_through():
    assert list(beats.beats([sample(GOOD)], {"put"})) == []
    assert list(beats.beats([sample(GOOD.replace("    # DECIDE\n", ""))], {"put"})) == []
    shared = GOOD.replace("    # EMIT\n", "").replace("# WRITE", "# WRITE, EMIT")
    assert list(beats.beats([sample(shared)], {"put"})) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    # WRITE\n", ""),
        ("    # CHECK\n", ""),
        ("    # CHECK\n", "    # DECIDE\n"),
        ("    # DECIDE\n", "    # EMIT\n"),
        ("    # WRITE\n", "    # WRITE\n    require(1, EMPTY)\n"),
        ("    # EMIT\n", "    # EMIT\n    raise Refused(EMPTY)\n"),
        ("    # DECIDE\n", "    # DECIDE\n    THINGS.put(ctx, 1, 1)\n"),
        ("    # DECIDE\n", "    # DECIDE\n    ctx.emit(Done(2))\n"),
        ("    # EMIT\n", "    # EMIT\n    THINGS.delete(ctx, 1)\n"),
    ],
)
def test_the_rule_of_the_beats_bites(old: str, new: str):
    assert list(beats.beats([sample(GOOD.replace(old, new))], {"put"})) != []
