"""Markup made by functions: whatever is not markup already is escaped, so a hostile name is only a name."""

from html import escape

VOID = frozenset({"br", "col", "hr", "img", "input", "link", "meta"})
"""Elements of HTML that hold nothing and are not closed; those of SVG always are."""


class Html(str):
    """Text that is markup: only `tag` and `join` make it, from parts that they escaped."""

    __slots__ = ()


Child = str | int | float | Html | None


def tag(element: str, /, *children: Child, **attributes: str | float | bool | None) -> Html:
    """An element. Of an attribute's name an underscore at the end falls away, others become dashes.

    An attribute that is True stands alone, and one that is None or False is left out; a child that is None
    is nothing.
    """
    parts = [element]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        label = key.rstrip("_").replace("_", "-") if key != "viewBox" else key
        parts.append(label if value is True else f'{label}="{escape(str(value))}"')
    opening = f"<{' '.join(parts)}>"
    if element in VOID and not children:
        return Html(opening)
    return Html(f"{opening}{join(*children)}</{element}>")


def join(*children: Child) -> Html:
    """Children one behind the other."""
    return Html("".join(_markup(child) for child in children))


def _markup(child: Child) -> str:
    if child is None:
        return ""
    return child if isinstance(child, Html) else escape(str(child))
