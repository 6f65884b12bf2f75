"""A round's updates over HTTP: signatures that a blob is held, asked for and gathered."""

from starlette.responses import Response

from consortia.base.codec import Malformed, decode_record, encode_record
from consortia.node.auth import Means
from consortia.node.http import Asked, Place
from consortia.node.http_answers import CBOR, HttpProblem
from consortia.node.rounds import AskAvailability, attest, gather

ASK_BYTES_MAX = 1_024


async def availability(asked: Asked) -> Response:
    """Sign that this node holds and has checked an update: asked by the node of the update's member."""
    ask = _ask(asked)
    caller = asked.caller
    if caller.means is not Means.OWNER and caller.member != ask.member:
        raise HttpProblem(403, f"{caller.member} asks about the update of {ask.member}")
    answer = await attest(asked.service, asked.service.key, ask)
    return Response(encode_record(answer), media_type=CBOR)


async def gathered(asked: Asked) -> Response:
    """Gather these signatures from all members of the round, for this member's own worker."""
    ask = _ask(asked)
    if not asked.own or ask.member != asked.service.config.member:
        raise HttpProblem(403, "a node gathers signatures for its own member's updates")
    answer = await gather(asked.service, asked.service.key, ask)
    return Response(encode_record(answer), media_type=CBOR)


def _ask(asked: Asked) -> AskAvailability:
    try:
        return decode_record(AskAvailability, asked.body, size_max=ASK_BYTES_MAX)
    except Malformed as error:
        raise HttpProblem(400, str(error)) from None


PLACES = (
    Place(
        "POST", "/v1/availability", availability, "Sign that a blob is held.", body_bytes_max=ASK_BYTES_MAX
    ),
    Place(
        "POST", "/v1/availability/gather", gathered, "Gather such signatures.", body_bytes_max=ASK_BYTES_MAX
    ),
)
