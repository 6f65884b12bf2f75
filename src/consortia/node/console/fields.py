"""The page of a field, made by the package that brings it and drawn as every other."""

from consortia.node.console import plugged
from consortia.node.console.inside import Inside
from consortia.node.console.screen import Screen
from consortia.node.http import Asked
from consortia.node.http_answers import HttpProblem
from consortia.sdk.html import Html, tag
from consortia.sdk.views import Page, View, table_of


def one_field(asked: Asked) -> Screen:
    """A field's page; what its code raises stands on it, and nowhere else."""
    name, words = asked.path("name"), asked.argument("of").strip()
    found = next((one for one in plugged.pages() if one.name == name), None)
    if found is None:
        raise HttpProblem(404, f"no package here brings a page {name[:80]!r}")
    views, wrong = found.shown(Inside(asked.service), words)
    wrong = wrong or _unfit(views)
    if wrong:
        text = f"This page, which {name} brings, could not be made: {wrong}"
        return Screen(found.title, "", (tag("p", text, class_="wrong", role="alert"),))
    page = found.page
    if page is None:
        raise TypeError(f"{name} is no page, and does not say why")
    form = (_form(page, words),) if page.answer is not None else ()
    return Screen(page.title, page.lead, (*form, *views))


def _unfit(views: tuple[View, ...]) -> str:
    """Why one of them cannot be drawn; empty when all can."""
    try:
        for view in views:
            table_of(view)
    except Exception as error:  # noqa: BLE001 (another's code: its page says so, the console goes on)
        return f"what it shows is no view: {plugged.said(error)}"
    return ""


def _form(page: Page, words: str) -> Html:
    field = tag("input", name="of", value=words, size=48, required=True, spellcheck="false")
    back = tag("a", "Show all", href=f"/console/fields/{page.name}") if words else None
    return tag(
        "form",
        tag("label", f"{page.question} ", field),
        tag("button", "Show"),
        " ",
        back,
        action=f"/console/fields/{page.name}",
        class_="asking",
    )
