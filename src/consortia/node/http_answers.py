"""Answers over HTTP: records as JSON or CBOR, and problems as RFC 9457 has them, with the refusal's code."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from consortia.base.codec import Record, encode_record
from consortia.base.ids import digest_from_hex
from consortia.base.refusals import Refused
from consortia.kernel.refusals import BLOCK_FULL, OVER_QUOTA, OVERSIZE
from consortia.sdk.jsonform import dump, to_json

CBOR = "application/cbor"
JSON = "application/json"
PROBLEM = "application/problem+json"
NUMBER_MAX = (1 << 53) - 1
"""The largest number in a query string or a path: what JSON readers hold exactly."""

_TITLES = {
    400: "The request is malformed",
    401: "Who asks is not known",
    403: "This is not allowed",
    404: "There is no such thing",
    405: "This method is not for this place",
    409: "This is in conflict with what is there",
    413: "The request is too large",
    416: "There is no such range",
    422: "The ledger refuses this",
    424: "Something else is needed first",
    429: "Too much at once",
    500: "The node failed",
    502: "Another node failed",
    503: "The node cannot do this now",
}


class HttpProblem(Exception):
    """An answer that is a problem: its HTTP status, a sentence, a refusal's code where there is one."""

    def __init__(self, status: int, detail: str, *, code: str = "", **more: object) -> None:
        super().__init__(detail)
        self.status, self.detail, self.code, self.more = status, detail, code, more

    def body(self) -> bytes:
        """The problem report."""
        report: dict[str, Any] = {
            "type": f"urn:consortia:refusal:{self.code}" if self.code else "about:blank",
            "title": _TITLES.get(self.status, "A problem"),
            "status": self.status,
            "detail": self.detail,
        }
        if self.code:
            report["code"] = self.code
            report["help"] = f"/v1/refusals/{self.code}"
        return msgspec.json.encode({**report, **{name: to_json(value) for name, value in self.more.items()}})


def refused(refusal: Refused, **more: object) -> HttpProblem:
    """The problem that a refusal is."""
    status = 429 if refusal.refusal in {OVER_QUOTA, BLOCK_FULL} else 422
    if refusal.refusal is OVERSIZE:
        status = 413
    return HttpProblem(status, refusal.detail or refusal.refusal.meaning, code=refusal.code, **more)


def problem(error: HttpProblem) -> Response:
    """The response of a problem."""
    headers = {"WWW-Authenticate": "Consortia"} if error.status == 401 else {}
    return Response(error.body(), error.status, headers, PROBLEM)


def plain(value: object, status: int = 200) -> Response:
    """A JSON answer of plain values, bytes as hex."""
    return Response(dump(value), status, media_type=JSON)


def record(request: Request, value: Record) -> Response:
    """A record, as CBOR to whom asks for it, else as JSON."""
    varies = {"Vary": "Accept"}
    if wants_cbor(request):
        return Response(encode_record(value), 200, varies, CBOR)
    return Response(dump(value), 200, varies, JSON)


def wants_cbor(request: Request) -> bool:
    """Whether the caller asks for CBOR."""
    return CBOR in request.headers.get("accept", "")


def hex_digest(text: str, what: str) -> bytes:
    """The 32 bytes that 64 hex digits write; raises HttpProblem."""
    digest = digest_from_hex(text)
    if digest is None or text != text.lower():
        raise HttpProblem(400, f"{what} is 64 lowercase hex digits, not {text[:80]!r}")
    return digest


def whole_number(text: str, what: str, maximum: int = NUMBER_MAX) -> int:
    """A decimal number from 0 to `maximum`; raises HttpProblem."""
    if not text.isascii() or not text.isdecimal() or len(text) > 16 or int(text) > maximum:
        raise HttpProblem(400, f"{what} is a number from 0 to {maximum}, not {text[:80]!r}")
    return int(text)
