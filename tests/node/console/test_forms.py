"""Forms made from messages: every field of every message has its place, and no form can send anything."""

import click
import pytest

from consortia.app import application
from consortia.cli import cli
from consortia.node.console.acts import ACTS, address
from consortia.node.console.forms import Filling, fields
from tests.node.console.looking import HOSTILE, Page

APP = application()
EMPTY = Filling({}, {})


@pytest.mark.parametrize("name", sorted(APP.methods))
def test_every_field_of_a_message_has_its_place_and_no_name_by_which_a_form_would_send_it(name):
    message = APP.methods[name].method.message
    page = Page(fields(message, EMPTY))
    assert page.runs_inline() == []
    named = [held["data-name"] for _, held in page.elements if "data-name" in held]
    assert set(message.__struct_fields__) <= set(named)
    assert [held for _, held in page.elements if "name" in held] == []
    assert all("data-kind" in held for _, held in page.elements if "data-name" in held)
    labelled = [tag for tag, _ in page.elements if tag in {"input", "select", "textarea"}]
    assert len(labelled) <= [tag for tag, _ in page.elements].count("label")


def test_a_form_is_filled_in_by_paths_and_what_is_filled_in_is_only_a_value():
    given = {"title": HOSTILE, "rights.process": "", "count": "7", "commitment": "ab"}
    text = fields(APP.methods["assets.register"].method.message, Filling(given, {"title": HOSTILE}))
    assert "<script>" not in text
    page = Page(text)
    values = [held.get("value") for tag, held in page.elements if tag == "input"]
    assert HOSTILE in values
    assert "7" in values
    assert HOSTILE in "".join(page.texts)
    given = [held for tag, held in page.elements if held.get("class") == "given"]
    assert [("checked" in one) for one in given] == [True]


def test_a_time_is_filled_in_as_a_time():
    made = fields(APP.methods["guard.allow"].method.message, Filling({"until": "1700000000000"}, {}))
    assert 'type="datetime-local"' in made
    assert 'value="2023-11-14T22:13:20"' in made
    for odd in ("x", "-1", "9" * 40):
        assert 'value=""' in fields(APP.methods["guard.allow"].method.message, Filling({"until": odd}, {}))


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.method)
def test_an_act_is_a_message_that_a_key_signs_and_its_hints_name_fields(act):
    method = APP.methods[act.method].method
    assert method.roles
    for path in (*act.hints, *act.week):
        assert path.partition(".")[0] in method.message.__struct_fields__


@pytest.mark.parametrize(
    "act", [one for one in ACTS if one.command.startswith("consortia ")], ids=lambda act: act.method
)
def test_the_command_of_an_act_is_one_that_can_be_typed(act):
    command, words = (
        cli,
        [
            {"AMOUNT": "1", "PLACE": "1", "QUANTITY": "1", "LIMIT": "1"}.get(one, one)
            for one in act.command.split()[1:]
        ],
    )
    context = click.Context(cli)
    while isinstance(command, click.Group):
        command = command.get_command(context, words.pop(0))
    assert command.make_context(act.method, words)


def test_an_address_escapes_what_it_is_filled_in_with():
    assert address("a.b", {"x": "&y=1#"}) == "/console/act/a/b?x=%26y%3D1%23"
    assert address("a.b", {}) == "/console/act/a/b"


def test_what_is_no_record_has_no_fields():
    with pytest.raises(TypeError, match="has no fields"):
        fields(int, EMPTY)
