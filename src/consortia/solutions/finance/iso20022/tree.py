"""XML as a stranger sends it: read with entities, document types and the network off, within limits.

An element is found by its name alone, whatever its namespace. Every fault is one DataError that names the
file, the line and the element.
"""

import importlib.util
import re
from collections.abc import Iterator
from sys import intern
from typing import TYPE_CHECKING, NamedTuple

from consortia.engines.train.files import DataError, shown

if TYPE_CHECKING:
    from lxml import etree

FILE_BYTES_MAX = 32 << 20
DEPTH_MAX = 48
"""The deepest of the messages that are read here has 20 levels."""

ELEMENTS_MAX = 2_000_000
TEXT_MAX = 2_048

MANY = frozenset(("Othr", "Strd", "Ustrd"))
"""The elements that are looked for and may stand more than once: one of several names, or of lines."""

_PROLOG = re.compile(r"\s+|<\?(?:(?!\?>).)*\?>|<!--(?:(?!-->).)*-->", re.DOTALL)
_ENCODING = re.compile(r"""^<\?xml[^>]*?encoding\s*=\s*["']([^"']+)["']""")
_UTF8 = frozenset(("utf-8", "utf8", "us-ascii", "ascii"))


class Branch(NamedTuple):
    """An element: the file's name, its path from the root, its own name, line, text and children."""

    file: str
    path: str
    name: str
    line: int
    namespace: str
    value: str
    currency: str
    children: "tuple[Branch, ...]"

    def fault(self, rule: str, below: str = "") -> DataError:
        """The error that says which rule this element, or one `below` it, breaks."""
        where = f"{self.path}/{below}" if below else self.path
        return DataError(f"{self.file}, line {self.line}, {where}: {rule}")

    def all(self, name: str) -> "Iterator[Branch]":
        """The children with a name."""
        return (child for child in self.children if child.name == name)

    def find(self, path: str) -> "Branch | None":
        """The element at a path of names below this one; raises DataError where one of them stands twice.

        Another reader might take the other. Of those that may stand more than once the first counts.
        """
        name, _, rest = path.partition("/")
        there = tuple(self.all(name))
        if len(there) > 1 and name not in MANY:
            raise self.fault(f"stands {len(there)} times, and may stand once", name)
        for child in there:
            found = child.find(rest) if rest else child
            if found is not None:
                return found
        return None

    def get(self, path: str) -> "Branch":
        """The element at a path; raises DataError where there is none, and as `find`."""
        found = self.find(path)
        if found is None:
            raise self.fault("is missing, and must be there", path)
        return found

    def text(self, *paths: str) -> str:
        """The text at the first of some paths that has one; empty where none has."""
        for path in paths:
            found = self.find(path)
            if found is not None and found.value:
                return found.value
        return ""

    def seek(self, names: frozenset[str]) -> "Branch | None":
        """The element of some names, here or below; raises DataError where there is another."""
        found = tuple(self.among(names))
        if len(found) > 1:
            raise self.fault(f"holds {found[0].name} and more such: split the file")
        return found[0] if found else None

    def among(self, names: frozenset[str]) -> "Iterator[Branch]":
        """The elements of some names, here or below, but for those within one of them."""
        if self.name in names:
            yield self
            return
        for child in self.children:
            yield from child.among(names)


def needs_library() -> None:
    """Raises DataError, with the remedy, where the library for these files is not installed."""
    if importlib.util.find_spec("lxml") is None:
        raise DataError("messages need lxml, which is not installed: pip install 'consortia[finance]'")


def parse(data: bytes, file: str) -> Branch:
    """The root element; raises DataError where it is no XML, too large, or has a document type."""
    if len(data) > FILE_BYTES_MAX:
        raise DataError(f"{file}: {len(data):,} bytes; at most {FILE_BYTES_MAX:,} are read: split the file")
    text = _text(data, file)
    _no_document_type(text, file)
    needs_library()
    from lxml import etree  # noqa: PLC0415 (an extra: only who reads such files needs it)

    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        said = (error.msg or "empty").partition(", line ")[0]
        raise DataError(f"{file}, line {error.lineno}: no XML: {shown(said)}") from None
    return _Growing(file).branch(root, "", 1)


def _text(data: bytes, file: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{file}, byte {error.start}: no UTF-8, as these messages must be") from None
    declared = _ENCODING.match(text)
    if declared and declared[1].lower() not in _UTF8:
        raise DataError(f"{file}, line 1: encoding {shown(declared[1])}; these messages are UTF-8")
    return text


def _no_document_type(text: str, file: str) -> None:
    """Refuse a document type before any parser sees it: entities are made there."""
    at = 0
    while found := _PROLOG.match(text, at):
        at = found.end()
    if text.startswith("<!", at):
        line = text.count("\n", 0, at) + 1
        raise DataError(f"{file}, line {line}: a document type (DOCTYPE), which these messages may not have")


class _Growing:
    """Makes branches of a parsed tree, and counts them."""

    def __init__(self, file: str) -> None:
        self.file, self.count = file, 0

    def branch(self, element: "etree._Element", above: str, depth: int) -> Branch:
        """An element and all below it."""
        namespace, _, name = element.tag.rpartition("}")
        path = intern(f"{above}/{name}" if above else name)
        line = element.sourceline or 0
        self.count += 1
        if depth > DEPTH_MAX or self.count > ELEMENTS_MAX:
            what = f"{DEPTH_MAX} levels" if depth > DEPTH_MAX else f"{ELEMENTS_MAX:,} elements"
            raise DataError(f"{self.file}, line {line}: more than {what}")
        value = " ".join((element.text or "").split())
        if len(value) > TEXT_MAX:
            raise DataError(f"{self.file}, line {line}, {path}: more than {TEXT_MAX} characters")
        children = tuple(self.branch(child, path, depth + 1) for child in element)
        if children and (value or any((child.tail or "").strip() for child in element)):
            raise DataError(f"{self.file}, line {line}, {path}: text beside elements")
        currency = element.get("Ccy") or ""
        return Branch(self.file, path, intern(name), line, intern(namespace[1:]), value, currency, children)
