"""A member's noise: from its own secret, never the same for two vectors, added in the ring before masking.

The secret (32 bytes) is made by the member's machine, stays in its vault and is told to nobody: whoever knows
it and the vector can take the member's noise off. It is not the seed that is shared out for masks.

The key of a vector's noise is HKDF-SHA256 (RFC 5869) over the secret, with an info that holds

- the `charge`: bytes that name what is paid for (network, study, round and number of the charge). A retry
  that the ledger charges anew gets new noise: with the old noise the difference of two cohorts' sums would
  hold only the noise of those who are in one of them.
- the hash of the vector itself. So the same charge and vector give the same bytes, as a retry without charge
  needs, and two different vectors never share their noise, which their difference would take off.
"""

from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import NDArray

from consortia.base.codec import encode
from consortia.base.hashing import tagged
from consortia.engines.privacy.gaussian import discrete_gaussian
from consortia.engines.privacy.stream import KEY_BYTES
from consortia.exact.fixed import Integers, signed_type

SECRET_BYTES = 32


def noise_key(secret: bytes, charge: bytes, vector: Integers) -> bytes:
    """The key of the noise for one vector; raises ValueError when the secret has not 32 bytes."""
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"the secret of the noise has {SECRET_BYTES} bytes, not {len(secret)}")
    digest = tagged("consortia/noise/vector", vector.astype("<i8").tobytes())
    info = encode(["consortia/noise", charge, digest])
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret)


def noised(vector: Integers, *, variance: int, secret: bytes, charge: bytes, ring_bits: int) -> NDArray[Any]:
    """The vector plus one member's noise of `variance` (see `exact.budget.share`), in the ring.

    `vector` int64 of shape (words,), already clipped; the result is of the ring of `ring_bits` and wraps.
    Noise is never cut; honest sums stay within `exact.budget.sum_bound`, but for a chance of 2 e^-32 a word.
    """
    noise = discrete_gaussian(noise_key(secret, charge, vector), variance, vector.size)
    return (vector + noise).astype(signed_type(ring_bits))
