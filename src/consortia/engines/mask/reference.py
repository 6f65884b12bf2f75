"""The plain version: one word at a time, Python integers, AES one block at a time. Slow on purpose.

Tests hold `streams` to it, bit for bit; nothing else uses it.
"""

from collections.abc import Iterable, Sequence

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB

from consortia.engines.mask.api import Stream


def keystream(key: bytes, ring_bits: int, length: int) -> list[int]:
    """The first words of a stream: AES-256 of the counters 0, 1, ... (16 bytes, big-endian), as words."""
    width = ring_bits // 8
    cipher = Cipher(AES256(key), ECB()).encryptor()  # noqa: S305 (counter mode, spelt out)
    count = -(-length * width // 16)
    data = b"".join(cipher.update(number.to_bytes(16, "big")) for number in range(count))
    return [int.from_bytes(data[width * i : width * (i + 1)], "little") for i in range(length)]


def masked(vector: Sequence[int], ring_bits: int, own: bytes, pairs: Sequence[Stream]) -> list[int]:
    """What `streams.masked` gives: signed words."""
    words = list(vector)
    for sign, key in [(1, own), *pairs]:
        stream = keystream(key, ring_bits, len(words))
        words = [word + sign * mask for word, mask in zip(words, stream, strict=True)]
    return [signed(word, ring_bits) for word in words]


def unmasked(
    total: Sequence[int], ring_bits: int, owns: Iterable[bytes], dangling: Sequence[Stream]
) -> list[int]:
    """What `streams.unmasked` gives: signed words."""
    words = list(total)
    for sign, key in [*((1, own) for own in owns), *dangling]:
        stream = keystream(key, ring_bits, len(words))
        words = [word - sign * mask for word, mask in zip(words, stream, strict=True)]
    return [signed(word, ring_bits) for word in words]


def added(vectors: Sequence[Sequence[int]], ring_bits: int) -> list[int]:
    """The sum of vectors modulo 2^ring_bits, as signed words."""
    return [signed(sum(column), ring_bits) for column in zip(*vectors, strict=True)]


def signed(word: int, ring_bits: int) -> int:
    """The signed word of a ring that is congruent to any integer."""
    edge = 1 << (ring_bits - 1)
    return (word + edge) % (2 * edge) - edge
