"""Random words from a key: the AES-256-CTR keystream, so that the same key gives the same noise.

A key is used for one stream. What a stream gives is as good as chance to whoever does not hold the key.
"""

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR
from numpy.typing import NDArray

KEY_BYTES = 32


class Stream:
    """The keystream under a key of 32 bytes, read from its beginning on."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a stream's key has {KEY_BYTES} bytes, not {len(key)}")
        self._encryptor = Cipher(AES256(key), CTR(bytes(16))).encryptor()

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        return self._encryptor.update(bytes(count))

    def words(self, count: int) -> NDArray[np.uint64]:
        """The next `count` words of 64 bits, uniform, shape (count,)."""
        return np.frombuffer(self.take(8 * count), dtype="<u8")

    def bits(self, count: int) -> int:
        """A uniform integer of `count` bits, from the next whole bytes."""
        size = (count + 7) // 8
        return int.from_bytes(self.take(size), "little") >> (8 * size - count)

    def below(self, bound: int) -> int:
        """A uniform integer in 0..bound-1, by rejection; `bound` > 0."""
        width = (bound - 1).bit_length()
        while True:
            value = self.bits(width)
            if value < bound:
                return value
