"""Consortia in small: a machine, a state root, a log, a proof, and a sum that everybody checks.

Nothing but the standard library, nothing from the product, and no secrets: members' signatures are left
out, so that the whole idea fits on a page. Run it: `python examples/micro.py`.
"""

from hashlib import sha256

# ---------------------------------------------------------------- hashing


def H(tag, data):  # noqa: N802 (the name that the specification gives it)
    """The one hash: what kind of thing it is comes first, so one kind never stands for another."""
    return sha256(bytes([len(tag)]) + tag.encode() + data).digest()


# ---------------------------------------------------------------- the state's root


def set_root(entries, depth=0):
    """One hash of a set of (key hash -> value hash), whatever the order in which it came about."""
    if len(entries) <= 16:
        return H("consortia/set/leaf", b"".join(key + entries[key] for key in sorted(entries)))
    halves = [{}, {}]
    for key, value in entries.items():
        halves[key[depth // 8] >> (7 - depth % 8) & 1][key] = value
    left, right = (set_root(half, depth + 1) for half in halves)
    return H("consortia/set/node", len(entries).to_bytes(8, "big") + left + right)


def state_root(state):
    """The root of plain keys and values."""
    return set_root({H("consortia/state/key", k): H("consortia/state/value", v) for k, v in state.items()})


# ---------------------------------------------------------------- the log (RFC 6962)


def leaf_hash(leaf):
    return sha256(b"\0" + leaf).digest()


def node_hash(left, right):
    return sha256(b"\1" + left + right).digest()


def split(size):
    """The largest power of two below a size."""
    return 1 << (size - 1).bit_length() - 1


def log_root(leaves):
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    middle = split(len(leaves))
    return node_hash(log_root(leaves[:middle]), log_root(leaves[middle:]))


def prove(leaves, index):
    """The hashes beside the way from a leaf to the root, lowest first."""
    if len(leaves) == 1:
        return []
    middle = split(len(leaves))
    if index < middle:
        return [*prove(leaves[:middle], index), log_root(leaves[middle:])]
    return [*prove(leaves[middle:], index - middle), log_root(leaves[:middle])]


def root_from(leaf, index, size, path):
    """The root that a leaf and its path lead to; whoever knows the true root compares."""
    if size == 1:
        if path:
            raise ValueError("the path is too long")
        return leaf_hash(leaf)
    if not path:
        raise ValueError("the path is too short")
    middle = split(size)
    if index < middle:
        return node_hash(root_from(leaf, index, middle, path[:-1]), path[-1])
    return node_hash(path[-1], root_from(leaf, index - middle, size - middle, path[:-1]))


# ---------------------------------------------------------------- a sum that everybody checks


def quantise(update, scale_bits=16):
    """Real numbers onto the integer grid, half to even: from here on every bit is the same everywhere."""
    return [round(value * (1 << scale_bits)) for value in update]


def federated_sum(updates, ring_bits=64):
    """The exact sum, in a ring: the order of the members does not matter, as it does for floats."""
    ring = 1 << ring_bits
    total = [sum(column) % ring for column in zip(*updates, strict=True)]
    return [value - ring if value >= ring // 2 else value for value in total]


# ---------------------------------------------------------------- the machine


class Machine:
    """The only writer: it judges each request, writes what follows, and appends what it did to the log."""

    def __init__(self, members):
        self.members, self.state, self.log = set(members), {}, []

    def run(self, member, method, *arguments):
        """Execute one request; a refused one changes nothing but the log, which keeps the refusal."""
        code = getattr(self, f"_{method}")(member, *arguments) if member in self.members else "unknown"
        text = f"{member} {method}: {code}; state {state_root(self.state).hex()}"
        self.log.append(text.encode())
        return code

    def _submit(self, member, update):
        if f"update/{member}".encode() in self.state:
            return "submitted already"
        self.state[f"update/{member}".encode()] = repr(update).encode()
        return "ok"

    def _result(self, member, digest):
        """A result stands once more than two thirds computed the same."""
        self.state[f"result/{member}".encode()] = digest
        same = [v for k, v in self.state.items() if k.startswith(b"result/") and v == digest]
        if 3 * len(same) > 2 * len(self.members):
            self.state[b"final"] = digest
        return "ok"


def main():
    """Four hospitals add up their updates; one lies; the others are not misled, and anyone can check it."""
    updates = {"north": [0.5, -1.25], "east": [2.0, 0.75], "south": [-0.125, 1.0], "west": [3.5, 0.0]}
    machine = Machine(updates)
    for member, update in updates.items():
        machine.run(member, "submit", quantise(update))
    print("again:", machine.run("north", "submit", [0, 0]))
    print("stranger:", machine.run("island", "submit", [0, 0]))
    total = federated_sum([quantise(update) for update in updates.values()])
    honest, lie = H("consortia/sum", repr(total).encode()), H("consortia/sum", b"a lie")
    for member in updates:
        machine.run(member, "result", lie if member == "west" else honest)
    print("sum:", [value / 65536 for value in total], "final:", machine.state[b"final"] == honest)
    root, path = log_root(machine.log), prove(machine.log, 4)
    print("proved:", root_from(machine.log[4], 4, len(machine.log), path) == root)
    forged = machine.log[4].replace(b"already", b"at last")
    print("forged:", root_from(forged, 4, len(machine.log), path) == root)


if __name__ == "__main__":
    main()
