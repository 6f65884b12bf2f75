"""Lengths as protobuf writes them, without protobuf: the rule of a block counts them on every node."""


def varint(number: int) -> bytes:
    """A number of at least 0 in base 128, least significant group first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
