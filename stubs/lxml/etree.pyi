from collections.abc import Iterator

class LxmlError(Exception): ...

class XMLSyntaxError(LxmlError):
    msg: str
    lineno: int

class XMLParser:
    def __init__(
        self,
        *,
        encoding: str | None = ...,
        resolve_entities: bool | str = ...,
        no_network: bool = ...,
        load_dtd: bool = ...,
        dtd_validation: bool = ...,
        attribute_defaults: bool = ...,
        huge_tree: bool = ...,
        remove_comments: bool = ...,
        remove_pis: bool = ...,
        strip_cdata: bool = ...,
    ) -> None: ...

class _Element:
    tag: str
    text: str | None
    tail: str | None
    sourceline: int | None
    def __iter__(self) -> Iterator[_Element]: ...
    def get(self, key: str) -> str | None: ...
    def set(self, key: str, value: str) -> None: ...

def fromstring(text: bytes, parser: XMLParser) -> _Element: ...
def Element(tag: str, nsmap: dict[str | None, str] | None = ...) -> _Element: ...  # noqa: N802
def SubElement(parent: _Element, tag: str) -> _Element: ...  # noqa: N802
def tostring(
    element: _Element, *, encoding: str, xml_declaration: bool, pretty_print: bool = ...
) -> bytes: ...
