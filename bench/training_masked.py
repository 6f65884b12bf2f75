"""training.masked, training.masked_100, training.floor: masked rounds of 10^6 parameters, in one process.

Counted, for every member: drawing its secrets and publishing keys; dealing shares of them, sealed; opening
and checking every share that it holds; quantising its float32 update; deriving the key of each of its streams
(no pair's stream is made once for both ends: each end makes its own, as it does at home); adding them; one
hash of the blob (SHA-256; a verifier in another process would hash it again, which is not counted). Then, for
the ledger and one verifier: holding each revealed share to its hash, recovering every secret and holding it
to what was published, adding up the blobs, lifting the masks, checking the sum, and the step to the next
model. Not counted: transactions, blocks and the network. Availability signatures are timed apart.

Two threads, as the cipher, hashing and numpy leave the interpreter. `training.floor` holds the masking of one
member, on one thread, against AES-256-CTR and additions of as many bytes alone, at the rates of this run.
"""

import hashlib
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from bench.peers import flower_secagg
from consortia.base.keys import SigningKey, verify
from consortia.base.sealing import public_of
from consortia.base.shares import seed_hash, share_hash
from consortia.engines import mask
from consortia.exact.adaptive import averaged
from consortia.exact.fixed import quantise
from consortia.exact.graph import neighbours, threshold
from consortia.exact.ring import add_all, check_sum
from consortia.exact.shamir import combine, lagrange
from consortia.exact.tally import quorum

PARAMETERS = 1_000_000
SCALE_BITS, CLIP = 20, 1 << 24
BAR_SECONDS, BAR_RATIO = 0.25, 8
BAR_100, BAR_UNMASK = 2.5, 0.7
BAR_FLOOR = 3.0
ROUND = hashlib.sha256(b"a round").digest()


@dataclass
class Consortium:
    """Members, their updates and the buffers that they keep, the graph of the round, and who drops out."""

    names: list[str]
    updates: list[np.ndarray]
    records: list[int]
    places: list[np.ndarray]
    graph: tuple[tuple[int, ...], ...]
    dropped: set[str]
    state: np.ndarray

    def share(self, index):
        """How a member's update is quantised: by its share of all records."""
        share = {"records": self.records[index], "joined": sum(self.records)}
        return {"scale_bits": SCALE_BITS, "clip": CLIP, **share}

    def holders(self, name):
        return [self.names[index] for index in self.graph[self.names.index(name)]]


def consortium(members, degree=None, drop_every=None):
    names = [f"member-{index:03d}" for index in range(members)]
    draws = (np.random.default_rng(index).standard_normal(PARAMETERS) for index in range(members))
    updates = [draw.astype(np.float32) for draw in draws]
    return Consortium(
        names,
        updates,
        [100 + 10 * index for index in range(members)],
        [np.zeros(PARAMETERS, dtype=np.int32) for _ in range(members)],
        neighbours(members, hashlib.sha256(b"graph").digest(), degree),
        set(names[::drop_every]) if drop_every else set(),
        np.zeros(PARAMETERS, dtype=np.int32),
    )


def keys(name):
    secrets = mask.Secrets.of(os.urandom(128))
    return secrets, mask.publish(ROUND, name, secrets)


def open_all(all_, name, secrets, published, dealt):
    """Every share that a member holds, by its dealer."""
    return {
        dealer: mask.open_share(
            ROUND, name, secrets.sealing, dealt[dealer][name], dealer=dealer, public=published[dealer].sealing
        )
        for dealer in all_.holders(name)
    }


def submit(all_, index, secrets, published):
    """A member's masked vector, written as its blob in the member's place, and the blob's hash."""
    name = all_.names[index]
    place = all_.places[index]
    quantise(all_.updates[index], **all_.share(index), out=place)
    peers = {peer: published[peer].masking for peer in all_.holders(name) if peer != name}
    pairs = mask.pair_streams(ROUND, name, secrets.masking, peers)
    mask.masked(place, 32, mask.own_stream(ROUND, name, secrets.seed), pairs, in_place=True, threads=1)
    blob = memoryview(place).cast("B")
    return blob, hashlib.sha256(blob).digest()


def recover_all(all_, published, dealt, held):
    """Every dealer's secret that the sum needs, from shares held to their hashes; the work of the ledger."""
    found = {}
    for dealer in all_.names:
        holders = all_.holders(dealer)
        kind = "key" if dealer in all_.dropped else "seed"
        shares = []
        for holder in holders:
            if holder in all_.dropped:
                continue
            bundle = held[holder][dealer]
            share, salt = getattr(bundle, f"{kind}_share"), getattr(bundle, f"{kind}_salt")
            hashed = share_hash(ROUND, dealer, holder, kind, salt=salt, share=share)
            if hashed != getattr(dealt[dealer][holder], kind):
                raise ValueError(f"{holder} revealed another share than {dealer} dealt")
            shares.append((all_.names.index(holder) + 1, share))
        least = threshold(len(holders))
        if len(shares) < least:
            raise ValueError(f"{len(shares)} shares of {dealer}, {least} are needed")
        points, used = zip(*shares[:least], strict=True)
        secret = combine(lagrange(points), used)
        there = public_of(secret) if kind == "key" else seed_hash(ROUND, dealer, secret)
        if there != (published[dealer].masking if kind == "key" else published[dealer].seed):
            raise ValueError(f"{dealer} dealt shares of something else")
        found[dealer] = secret
    return found


def lift(all_, published, secrets, blobs):
    """The next model from the cohort's blobs and the revealed secrets: the work of a verifier."""
    owns = [mask.own_stream(ROUND, name, secrets[name]) for name in blobs]
    left = []
    for dealer in sorted(all_.dropped):
        survivors = {n: published[n].masking for n in all_.holders(dealer) if n in blobs}
        left += mask.dangling(ROUND, dealer, secrets[dealer], survivors)
    total = mask.add_up(blobs.values(), 32, PARAMETERS)
    mask.unmasked(total, 32, owns, left, in_place=True, threads=2)
    check_sum(total, clip=CLIP, members=len(blobs))
    cohort = sum(r for n, r in zip(all_.names, all_.records, strict=True) if n in blobs)
    return total, averaged(all_.state, total, joined=sum(all_.records), cohort=cohort)


def one_round(pool, all_):
    """The seconds of each part of a round, and its sum."""
    marks = [time.perf_counter()]
    made = dict(zip(all_.names, pool.map(keys, all_.names), strict=True))
    published = {name: public for name, (_, public) in made.items()}
    sealing = {name: public.sealing for name, public in published.items()}
    marks.append(time.perf_counter())
    dealings = pool.map(lambda n: mask.deal(ROUND, n, made[n][0], sealing, all_.holders(n)), all_.names)
    dealt = {
        n: {each.holder: each for each in dealing} for n, dealing in zip(all_.names, dealings, strict=True)
    }
    opened = pool.map(lambda n: open_all(all_, n, made[n][0], published, dealt), all_.names)
    held = dict(zip(all_.names, opened, strict=True))
    marks.append(time.perf_counter())
    there = [index for index, name in enumerate(all_.names) if name not in all_.dropped]
    done = pool.map(lambda index: submit(all_, index, made[all_.names[index]][0], published), there)
    blobs = {all_.names[index]: blob for index, (blob, _) in zip(there, done, strict=True)}
    marks.append(time.perf_counter())
    secrets = recover_all(all_, published, dealt, held)
    marks.append(time.perf_counter())
    total, _ = lift(all_, published, secrets, blobs)
    marks.append(time.perf_counter())
    return [after - before for before, after in pairwise(marks)], total


def measured(all_, times):
    """The median of the whole round, and of each of its parts; the sum is checked against the plain one."""
    with ThreadPoolExecutor(2) as pool:
        _, total = one_round(pool, all_)
        if not (total == plain_sum(all_)).all():
            raise ValueError("the masked sum is not the plain sum")
        rounds = [one_round(pool, all_)[0] for _ in range(times)]
    return statistics.median(sum(parts) for parts in rounds), [
        statistics.median(part) for part in zip(*rounds, strict=True)
    ]


def plain_sum(all_):
    there = [index for index, name in enumerate(all_.names) if name not in all_.dropped]
    return add_all([quantise(all_.updates[index], **all_.share(index)) for index in there])


def signatures(members):
    """Seconds in which more than two thirds sign that they hold each blob, and each signature is checked."""
    signers = [SigningKey(hashlib.sha256(bytes([index])).digest()) for index in range(quorum(members))]
    begin = time.perf_counter()
    for index in range(members):
        message = hashlib.sha256(bytes([index])).digest()
        if not all(verify(key.public, message, key.sign(message)) for key in signers):
            raise ValueError("a signature does not hold")
    return time.perf_counter() - begin


def floor(times=15):
    """Seconds of masking one member of ten, and of the cipher and the additions alone."""
    streams = [(1 if index % 2 else -1, os.urandom(32)) for index in range(10)]
    vector = np.zeros(PARAMETERS, dtype=np.int32)
    size, block = vector.nbytes, 1 << 17
    zeros, scratch = bytes(block), bytearray(block + 16)
    one, other = np.zeros(block // 4, dtype=np.uint32), np.ones(block // 4, dtype=np.uint32)

    def ours():
        mask.masked(vector, 32, streams[0][1], streams[1:], in_place=True, threads=1)

    def cipher():
        for _, key in streams:
            encryptor = Cipher(AES256(key), CTR(bytes(16))).encryptor()
            for _ in range(size // block):
                encryptor.update_into(zeros, scratch)
            encryptor.update_into(zeros[: size % block], scratch)

    def additions():
        for _ in range(len(streams) * size // block):
            np.add(one, other, out=one)

    taken = {each: [] for each in (ours, cipher, additions)}
    for _ in range(times):
        for each, seconds in taken.items():
            begin = time.perf_counter()
            each()
            seconds.append(time.perf_counter() - begin)
    return tuple(statistics.median(seconds) for seconds in taken.values())


def told(parts):
    names = ("keys", "shares", "vectors", "recovering", "unmasking")
    return ", ".join(f"{name} {part * 1e3:.0f} ms" for name, part in zip(names, parts, strict=True))


def run() -> list[dict]:
    return [row_10(), row_100(), row_floor()]


def row_10() -> dict:
    ours, parts = measured(consortium(10), 9)
    signing = signatures(10)
    flower = flower_secagg(10, PARAMETERS)
    ratio = None if flower is None else flower / ours
    return {
        "id": "training.masked",
        "value": round(ours, 4),
        "unit": "s",
        "peer": "Flower 1.41 SecAgg+ simulation" + (" (not installed here)" if flower is None else ""),
        "peer_value": None if flower is None else round(flower, 4),
        "ratio": None if ratio is None else round(ratio, 3),
        "bar": f"<= {BAR_SECONDS}, and {BAR_RATIO} times as fast as Flower",
        "met": ours <= BAR_SECONDS and (ratio is None or ratio >= BAR_RATIO),
        "note": (
            f"10 members, {PARAMETERS} parameters, everyone masks with everyone, fresh keys, two threads, "
            f"median of 9; {told(parts)}; beside it {quorum(10)} availability signatures a blob, made and "
            f"checked: {signing * 1e3:.0f} ms; Flower draws each mask from a Mersenne Twister with a seed of "
            "32 bits, ours is AES-256"
        ),
    }


def row_100() -> dict:
    ours, parts = measured(consortium(100, degree=20, drop_every=10), 3)
    wider, wider_parts = measured(consortium(100, drop_every=10), 3)
    return {
        "id": "training.masked_100",
        "value": round(ours, 3),
        "unit": "s",
        "bar": f"<= {BAR_100}, unmasking <= {BAR_UNMASK}",
        "met": ours <= BAR_100 and parts[-1] <= BAR_UNMASK,
        "note": (
            f"100 members, neighbourhoods of 20, ten dropped after dealing, {PARAMETERS} parameters, two "
            f"threads, median of 3; {told(parts)}; with neighbourhoods of 32, which are the rule: "
            f"{wider:.2f} s ({told(wider_parts)})"
        ),
    }


def row_floor() -> dict:
    ours, cipher, additions = floor()
    times = ours / (cipher + additions)
    return {
        "id": "training.floor",
        "value": round(times, 3),
        "unit": "times the floor",
        "peer": "AES-256-CTR and additions of as many bytes alone",
        "peer_value": 1.0,
        "ratio": round(1 / times, 3),
        "bar": f"<= {BAR_FLOOR}",
        "met": times <= BAR_FLOOR,
        "note": (
            f"one of ten members, {PARAMETERS} words, one thread: {ours * 1e3:.1f} ms; the cipher "
            f"{cipher * 1e3:.1f} ms ({4e7 / cipher / 1e9:.1f} GB/s), the additions {additions * 1e3:.1f} ms "
            f"({4e7 / additions / 1e9:.1f} GB/s)"
        ),
    }


if __name__ == "__main__":
    for row in run():
        print(row)
