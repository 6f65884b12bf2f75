"""How things look in a notebook: the console's own drawings, with a style of their own and no script."""

from dataclasses import dataclass

from consortia.base.codec import Record
from consortia.sdk.draw import drawn
from consortia.sdk.html import join, tag
from consortia.sdk.values import facts_of
from consortia.sdk.views import View

_STYLE = (
    ".consortia table{border-collapse:collapse}"
    ".consortia caption{text-align:left;font-weight:700}"
    ".consortia td,.consortia th{text-align:left;padding:.2em .8em .2em 0;border-bottom:1px solid #8886}"
    ".consortia svg{max-width:44rem}"
    ".consortia svg text{fill:currentColor;font-size:12px}"
    ".consortia .line{fill:none;stroke:#15803d;stroke-width:2}.consortia .l1{stroke:#2563eb}"
    ".consortia .dot,.consortia .arrow,.consortia .place{fill:#15803d}.consortia .grid{stroke:#8886}"
    ".consortia .edge{fill:none;stroke:#888}.consortia .box{fill:none;stroke:#888}"
)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A view that a notebook draws where it is the last thing in a cell."""

    view: View

    def _repr_html_(self) -> str:
        return shown(self.view)


def shown(*parts: View | Record, title: str = "") -> str:
    """Markup of views and records, for `_repr_html_`."""
    made = [
        drawn(view)
        for part in parts
        for view in (facts_of(title or type(part).__name__, part) if isinstance(part, Record) else (part,))
    ]
    return tag("div", tag("style", join(_STYLE)), *made, class_="consortia")
