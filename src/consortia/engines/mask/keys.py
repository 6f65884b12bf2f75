"""A member's secrets of a round, what it publishes of them, and the keys of the streams they give.

Of two members the one whose name comes first adds the stream of the pair, the other subtracts it.
"""

from collections.abc import Collection, Mapping, Sequence

from consortia.base.codec import Malformed
from consortia.base.hashing import DIGEST_BYTES, prefix
from consortia.base.sealing import agree_all, derive, public_of
from consortia.base.shares import masking_info, seed_hash
from consortia.engines.mask.api import Published, Secrets, Stream


def publish(round_id: bytes, member: str, secrets: Secrets) -> Published:
    """What a member puts on the ledger before the round: its public keys, and the hash of its seed."""
    hashed = seed_hash(round_id, member, secrets.seed)
    return Published(public_of(secrets.masking), public_of(secrets.sealing), hashed)


def partners(
    member: str, keyed: Sequence[str], graph: Sequence[Sequence[int]], dealers: Collection[str]
) -> tuple[str, ...]:
    """With whom a member makes masks, by name in order: its neighbours whose shares count, without itself.

    `keyed` are the members who published keys, sorted, and `graph` (`exact.graph.neighbours`) speaks of their
    indices in it. Raises ValueError when the member is none of them.
    """
    near = [keyed[index] for index in graph[keyed.index(member)]]
    return tuple(name for name in near if name != member and name in dealers)


def purpose(tag: str, round_id: bytes, member: str) -> bytes:
    """What a key is derived for from a member's own secret: tag and name stand behind their lengths.

    Raises Malformed unless the round id has 32 bytes and the name is ASCII of at most 255 characters.
    """
    if len(round_id) != DIGEST_BYTES or not member.isascii() or len(member) > 255:
        raise Malformed("a key is derived for a member of a round")
    return prefix(tag) + round_id + bytes([len(member)]) + member.encode("ascii")


def own_stream(round_id: bytes, member: str, seed: bytes) -> bytes:
    """The key of a member's own stream, which nobody else adds: of its seed, for "consortia/mask-own".

    Raises Malformed as `purpose` does, and unless the seed has 32 bytes.
    """
    return derive(seed, purpose("consortia/mask-own", round_id, member))


def pair_streams(round_id: bytes, member: str, masking: bytes, peers: Mapping[str, bytes]) -> list[Stream]:
    """The streams of a member's pairs, by its peers' names: the sign with which it adds each, and its key.

    `masking` is the member's private masking key, `peers` its partners' public ones. Raises Malformed for
    a key that is not one (`base.sealing`), and when the member is its own peer.
    """
    if member in peers:
        raise Malformed(f"{member} makes no mask with itself")
    names = sorted(peers)
    keys = agree_all(masking, ((peers[peer], masking_info(round_id, member, peer)) for peer in names))
    return [(1 if member < peer else -1, key) for peer, key in zip(names, keys, strict=True)]


def dangling(round_id: bytes, dropped: str, masking: bytes, survivors: Mapping[str, bytes]) -> list[Stream]:
    """What a member who dealt and then dropped out leaves in the sum: its partners' ends of their pairs.

    `masking` is the private masking key of the dropped, as its shares gave it; `survivors` are its partners
    in the cohort, with their public masking keys. The signs are those with which these added. Raises
    Malformed as `pair_streams` does.
    """
    return [(1 if sign < 0 else -1, key) for sign, key in pair_streams(round_id, dropped, masking, survivors)]
