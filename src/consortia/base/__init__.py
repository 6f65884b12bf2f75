"""The words of the protocol: bytes, hashes, keys, signatures, names and refusals.

Everything here is deterministic and does no input or output. `docs/reference/bytes.md` states
the same rules for a second implementation, with vectors.
"""
