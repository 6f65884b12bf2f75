"""Adding keystreams to a vector: what a member does before it sends, and a verifier after it has added up.

A stream is AES-256 in counter mode (NIST SP 800-38A, section 6.5) over zeros, its counter from zero, read as
little-endian words of the ring. The work goes block by block, so that vector and stream stay in the core's
own cache, and in as many parts as there are threads: a counter can start anywhere, and both the cipher and
numpy let go of the interpreter.
"""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR
from numpy.typing import NDArray

from consortia.base.codec import Malformed
from consortia.engines.mask.api import SECRET_BYTES, Stream
from consortia.exact.fixed import signed_type
from consortia.exact.ring import RingError, pack, unpack

_BLOCK_BYTES = 1 << 17
_AES_BYTES = 16
_ZEROS = bytes(_BLOCK_BYTES)
_THREADS_MAX = 8


def masked(
    vector: NDArray[Any],
    ring_bits: int,
    own: bytes,
    pairs: Sequence[Stream],
    *,
    in_place: bool = False,
    threads: int | None = None,
) -> NDArray[Any]:
    """`vector` plus its member's own stream and plus or minus those of its pairs, modulo 2^ring_bits.

    `vector`: signed integers that fit the ring (32 or 64 bits), shape (length,). The result has that shape,
    in the ring's signed type; `exact.ring.pack` gives the blob. With `in_place` the vector, which must
    have that type, is itself overwritten. `threads` is the number of cores by default.

    Raises RingError when the vector is not of the ring, Malformed when a key has not 32 bytes.
    """
    return _added(vector, ring_bits, [(1, own), *pairs], in_place=in_place, threads=threads)


def unmasked(
    total: NDArray[Any],
    ring_bits: int,
    owns: Iterable[bytes],
    dangling: Sequence[Stream],
    *,
    in_place: bool = False,
    threads: int | None = None,
) -> NDArray[Any]:
    """The plain sum: `total` less the cohort's own streams and the ends of pairs whose other end dropped.

    `owns`: the key of each cohort member's own stream. `dangling`: for each pair of a cohort member with a
    dealer that is not in the cohort, the sign with which the cohort's member added it, and its key
    (`keys.dangling`). Everything else as `masked`.
    """
    streams: list[Stream] = [(-1, own) for own in owns]
    streams += [(1 if sign < 0 else -1, key) for sign, key in dangling]
    return _added(total, ring_bits, streams, in_place=in_place, threads=threads)


def add_up(blobs: Iterable[bytes | memoryview], ring_bits: int, length: int) -> NDArray[Any]:
    """The sum of masked blobs modulo 2^ring_bits, shape (length,): each is read once, and one at a time.

    Raises RingError when a blob has another length, or there is none.
    """
    total: NDArray[Any] | None = None
    for blob in blobs:
        vector = unpack(blob, ring_bits=ring_bits, length=length)
        if total is None:
            total = vector.copy()
        else:
            np.add(total, vector, out=total)
    if total is None:
        raise RingError("a sum needs a vector")
    return total


def _added(
    vector: NDArray[Any], ring_bits: int, streams: Sequence[Stream], *, in_place: bool, threads: int | None
) -> NDArray[Any]:
    """The vector with every stream added or subtracted, by its sign."""
    result = _own_copy(vector, ring_bits, in_place=in_place)
    if any(len(key) != SECRET_BYTES for _, key in streams):
        raise Malformed(f"the key of a stream has {SECRET_BYTES} bytes")
    words = result.view(result.dtype.str.replace("i", "u"))
    step = _BLOCK_BYTES // words.itemsize
    blocks = -(-words.size // step)
    parts = max(1, min(blocks, threads or min(_THREADS_MAX, os.cpu_count() or 1)))
    edges = [blocks * part // parts * step for part in range(parts + 1)]
    if parts == 1:
        _add_part(words, 0, streams)
        return result
    with ThreadPoolExecutor(parts) as pool:
        jobs = [
            pool.submit(_add_part, words[begin:end], begin * words.itemsize, streams)
            for begin, end in pairwise(edges)
        ]
        for job in jobs:
            job.result()
    return result


def _own_copy(vector: NDArray[Any], ring_bits: int, *, in_place: bool) -> NDArray[Any]:
    kind = signed_type(ring_bits)
    if vector.ndim != 1:
        raise RingError(f"a vector of shape {vector.shape} is none")
    if in_place:
        if vector.dtype != kind or not vector.flags.c_contiguous or not vector.flags.writeable:
            raise RingError(f"only contiguous, writeable words of {ring_bits} bits are masked in place")
        return vector
    if vector.dtype == kind:
        return vector.copy()
    return np.frombuffer(bytearray(pack(vector, ring_bits=ring_bits)), dtype=kind)


def _add_part(words: NDArray[Any], offset: int, streams: Sequence[Stream]) -> None:
    """Add the streams to words that begin `offset` bytes, a multiple of 16, into the vector."""
    counter = (offset // _AES_BYTES).to_bytes(_AES_BYTES, "big")
    ciphers = [(sign, Cipher(AES256(key), CTR(counter)).encryptor()) for sign, key in streams]
    scratch = bytearray(_BLOCK_BYTES + _AES_BYTES)  # the cipher wants room for one block more
    keystream = np.frombuffer(scratch, dtype=words.dtype)
    step = _BLOCK_BYTES // words.itemsize
    for begin in range(0, words.size, step):
        block = words[begin : begin + step]
        zeros = memoryview(_ZEROS)[: block.nbytes]
        stream = keystream[: block.size]
        for sign, cipher in ciphers:
            cipher.update_into(zeros, scratch)
            if sign > 0:
                np.add(block, stream, out=block)
            else:
                np.subtract(block, stream, out=block)
