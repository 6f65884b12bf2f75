"""Handing ordering over, over HTTP: where a node stands, its owner's word, and a hand-over in force."""

from starlette.responses import Response

from consortia.base.codec import Malformed, decode_record, encode_record
from consortia.base.refusals import require
from consortia.node.auth import Means
from consortia.node.handing import PLACE, Agree, adopt, agree, standing
from consortia.node.http import Asked, Place
from consortia.node.http_answers import CBOR, HttpProblem
from consortia.node.refusals import HINDERED
from consortia.node.sync import SignedHandOver

SIGNED_BYTES_MAX = 256 << 10
AGREE_BYTES_MAX = 256


async def stands(asked: Asked) -> Response:
    """Where this node stands, and what it signed."""
    return Response(encode_record(standing(asked.service)), media_type=CBOR)


async def agreed(asked: Asked) -> Response:
    """The owner agrees to hand ordering to a member: sign, and complete it where enough did."""
    if asked.caller.means is not Means.OWNER:
        raise HttpProblem(403, "only the home's owner speaks for its member")
    require(not asked.service.hindrance.text, HINDERED, asked.service.hindrance.text)
    try:
        word = decode_record(Agree, asked.body, size_max=AGREE_BYTES_MAX)
    except Malformed as error:
        raise HttpProblem(400, str(error)) from None
    return Response(encode_record(await agree(asked.service, word.orderer)), media_type=CBOR)


async def told(asked: Asked) -> Response:
    """A hand-over with its signatures; it proves itself, whoever brings it."""
    require(not asked.service.hindrance.text, HINDERED, asked.service.hindrance.text)
    try:
        signed = decode_record(SignedHandOver, asked.body, size_max=SIGNED_BYTES_MAX)
    except Malformed as error:
        raise HttpProblem(400, str(error)) from None
    adopt(asked.service, signed)
    return Response(encode_record(standing(asked.service)), media_type=CBOR)


PLACES = (
    Place("GET", PLACE, stands, "Where this node stands, and which hand-over it signed."),
    Place("POST", PLACE, agreed, "The owner agrees to hand ordering over.", body_bytes_max=AGREE_BYTES_MAX),
    Place("POST", f"{PLACE}/signed", told, "A hand-over in force.", body_bytes_max=SIGNED_BYTES_MAX),
)
