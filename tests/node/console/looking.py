"""A node with something to look at, and a plain caller of its pages that keeps a session."""

import gzip
import http.client
import re
from html.parser import HTMLParser

from consortia.modules.assets.messages import Register
from consortia.modules.training.messages import LimitBudget
from consortia.node.passes import way_in
from tests.node.running import client

HOSTILE = "<script>alert('x')</script>\"'&<b>"
FORMULA = '=HYPERLINK("x")'


def fill(node) -> bytes:
    """Register data sets with names that people with bad intentions choose, and limit the last one's budget.

    Gives the last registration's transaction.
    """
    admin = client(node.home, node.url)
    for number, title in enumerate((HOSTILE, FORMULA, "Heart failure, 2019 to 2024")):
        made = Register(
            name=f"data-{number}",
            kind="dataset",
            title=title,
            form="batch",
            commitment=bytes([number]) * 32,
            count=60,
            subjects=None,
            schema=None,
            parents=(),
            rights=None,
        )
        receipt = admin.submit(made)
    admin.submit(LimitBudget(receipt.events[0].body["asset"], 1_000))
    admin.close()
    return receipt.transaction


class Visitor:
    """Somebody with a browser that runs no scripts."""

    def __init__(self, node) -> None:
        self.port, self.cookie = node.port, ""

    def enter(self, node, now: int) -> tuple[int, dict]:
        """Open the address that `consortia console` prints at `now`."""
        target = way_in("", node.home.token(), now)
        status, headers, _ = self.get(target)
        self.cookie = headers.get("set-cookie", "").partition(";")[0]
        return status, headers

    def get(self, path: str, method: str = "GET", body: bytes = b"", **headers: str):
        """Status, headers and text of a page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        given = {"Accept-Encoding": "gzip", **({"Cookie": self.cookie} if self.cookie else {}), **headers}
        try:
            connection.request(method, path, body, given)
            answer = connection.getresponse()
            data = answer.read()
            found = {name.lower(): value for name, value in answer.getheaders()}
            found["bytes"] = str(len(data))
            if found.get("content-encoding") == "gzip":
                data = gzip.decompress(data)
            return answer.status, found, data.decode("utf-8", "replace")
        finally:
            connection.close()


class Page(HTMLParser):
    """What a page holds: its elements with their attributes, and every text between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements, self.texts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    def links(self, *names: str) -> list[str]:
        """The addresses in attributes of these names."""
        return [
            value
            for _, attributes in self.elements
            for name, value in attributes.items()
            if name in names and value
        ]

    def runs_inline(self) -> list[str]:
        """Scripts and styles that stand in the page itself."""
        found = [name for tag, held in self.elements for name in held if re.match(r"on|style$", name)]
        return found + [
            t for t, held in self.elements if t == "style" or (t == "script" and "src" not in held)
        ]
