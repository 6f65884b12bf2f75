"""What the driver remembers of signatures: that a key signed certain bytes, and nothing else."""

from collections import OrderedDict
from hashlib import sha256

from consortia.base.keys import verify
from consortia.kernel.admission import Check

SIGNATURES_MAX = 100_000


class Signatures:
    """Remembers that a key signed certain bytes, and nothing else; what is not remembered is checked."""

    def __init__(self, check: Check = verify, limit: int = SIGNATURES_MAX) -> None:
        self._check, self._limit = check, limit
        self._known = OrderedDict[bytes, None]()

    def __call__(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether the signature is valid."""
        name = sha256(public + signature + message).digest()
        if name in self._known:
            return True
        valid = self._check(public, message, signature)
        if valid:
            self._known[name] = None
            if len(self._known) > self._limit:
                self._known.popitem(last=False)
        return valid
