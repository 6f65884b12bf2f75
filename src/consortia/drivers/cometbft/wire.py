"""CometBFT's socket protocol: protobuf messages, each behind its length as an unsigned varint.

The message types are made at run time from `schema`, so no generated file is kept and no compiler is needed.
They are typed as `Any`: what they hold becomes plain Python in `calls`.
"""

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from consortia.drivers.cometbft.schema import SCHEMA
from consortia.drivers.cometbft.varint import varint

Message: TypeAlias = Any
"""A protobuf message of `schema`."""

MESSAGE_BYTES_MAX = 32 << 20
"""A longer message is refused before it is read: a block has 4 MiB at most, a snapshot's chunk less."""

VARINT_BYTES_MAX = 5
_PACKAGE = "abci"
_SCALARS = {
    name: getattr(FieldDescriptorProto, f"TYPE_{name.upper()}")
    for name in ("string", "bytes", "bool", "int32", "uint32", "int64", "uint64")
}


class WireError(ValueError):
    """Bytes that are not the protocol: a length beyond the limit, or no such message."""


def declaration(schema: str = SCHEMA) -> FileDescriptorProto:
    """The messages of a schema as protobuf describes them to itself."""
    file = FileDescriptorProto(name="abci.proto", package=_PACKAGE, syntax="proto3")
    for line in re.sub(r"\n +", " ", schema).split("\n"):
        if not line:
            continue
        name, *fields = line.split()
        message = file.message_type.add(name=name)
        for text in fields:
            _declare(message, *re.split("[=:]", text))
    return file


def _declare(message: Message, name: str, number: str, kind: str) -> None:
    """Add a field to a message."""
    mark, kind = (kind[0], kind[1:]) if kind[0] in "*?" else ("", kind)
    field = message.field.add(name=name, number=int(number))
    field.label = field.LABEL_REPEATED if mark == "*" else field.LABEL_OPTIONAL
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type, field.type_name = field.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
    if mark == "?":
        if not message.oneof_decl:
            message.oneof_decl.add(name="value")
        field.oneof_index = 0


def _messages() -> dict[str, Message]:
    pool = DescriptorPool()
    file = declaration()
    pool.Add(file)
    return {
        message.name: GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{message.name}"))
        for message in file.message_type
    }


MESSAGES = _messages()
"""Every message type by name."""


def frame(message: Message) -> bytes:
    """A message as it goes out."""
    body: bytes = message.SerializeToString()
    return varint(len(body)) + body


class Frames:
    """Cuts a stream of bytes into messages of one type."""

    def __init__(self, kind: str, limit: int = MESSAGE_BYTES_MAX) -> None:
        self._kind = MESSAGES[kind]
        self._limit = limit
        self._bytes = bytearray()
        self._at = 0

    @property
    def pending(self) -> int:
        """How many bytes wait for the rest of their message, or for their turn."""
        return len(self._bytes) - self._at

    def feed(self, data: bytes) -> None:
        """Take in what arrived."""
        if self._at:
            del self._bytes[: self._at]
            self._at = 0
        self._bytes += data

    def __iter__(self) -> Iterator[Message]:
        """The messages that are complete, each once; raises WireError at the first that is none."""
        while (start := self._length()) is not None:
            length, at = start
            if len(self._bytes) < at + length:
                return
            message = self._kind()
            try:
                with memoryview(self._bytes) as whole, whole[at : at + length] as part:
                    message.ParseFromString(part)
            except DecodeError as error:
                raise WireError(f"not a message: {error}") from None
            self._at = at + length
            yield message

    def _length(self) -> tuple[int, int] | None:
        """The next message's length, and where it begins; None while the length is not complete."""
        number, shift = 0, 0
        for at in range(self._at, min(len(self._bytes), self._at + VARINT_BYTES_MAX)):
            byte = self._bytes[at]
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                if number > self._limit:
                    raise WireError(f"a message of {number} bytes, at most {self._limit} are taken")
                return number, at + 1
        if len(self._bytes) - self._at >= VARINT_BYTES_MAX:
            raise WireError("a length of more than five bytes")
        return None
