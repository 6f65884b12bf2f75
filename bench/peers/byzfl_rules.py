"""byzfl's rules as a service over standard input and output, run by the interpreter of build/byzfl.

byzfl (MIT, EPFL) takes numpy arrays or torch tensors, and imports torch either way. Its own rules are run
here, as published and unchanged, on numpy arrays; torch, with its libraries for graphics cards more than two
gigabytes, is not installed, and a module with the one name that is looked at (`torch.Tensor`) stands in its
place. Only the package's rules are imported, not its benchmark, which draws and trains with torch.

A request is a line of JSON `{rule, tolerated, order, shape, dtype, times}` and then the vectors' bytes, one
row a member. The answer is a line `{size, seconds}` and then the outcome as float64. `order` is the order in
which bucketing takes the members. `seconds` are those of each of `times` runs of the rule alone.
"""

import importlib.util
import json
import sys
import time
import types
from importlib.metadata import version

import numpy as np


def rules_of_byzfl():
    """byzfl.aggregators, without the rest of the package."""
    names = types.ModuleType("torch")
    names.Tensor = type("Tensor", (), {})
    names.linalg = types.ModuleType("torch.linalg")
    sys.modules.setdefault("torch", names)
    sys.modules.setdefault("torch.linalg", names.linalg)
    package = types.ModuleType("byzfl")
    package.__path__ = importlib.util.find_spec("byzfl").submodule_search_locations
    sys.modules["byzfl"] = package
    return importlib.import_module("byzfl.aggregators")


BYZFL = rules_of_byzfl()
STEPS = 3


def arranged(vectors, order):
    """The vectors in such an order that byzfl's own draw, seeded, puts them in `order`."""
    np.random.seed(0)  # noqa: NPY002 (what byzfl draws from)
    drawn = np.random.permutation(np.arange(len(order)))  # noqa: NPY002 (the same)
    result = np.empty_like(vectors)
    result[drawn] = vectors[order]
    np.random.seed(0)  # noqa: NPY002 (the same)
    return result


def centred_clipping(vectors, tolerated):
    """byzfl's clipping, one step at a time, from the median and with the radius of the (n - f)-th nearest.

    With a radius of 0 nothing moves; byzfl would divide 0 by 0.
    """
    centre = BYZFL.Median()(vectors)
    for _ in range(STEPS):
        radius = float(np.sort(np.linalg.norm(vectors - centre, axis=1))[len(vectors) - tolerated - 1])
        if radius == 0.0:
            break
        clip = BYZFL.CenteredClipping(L=1, tau=radius)
        clip.m = centre
        with np.errstate(divide="ignore", invalid="ignore"):
            centre = clip(vectors)
    return centre


def aggregate(rule, tolerated, vectors, order):
    before, _, after = rule.rpartition("+")
    if before == "nnm":
        vectors = BYZFL.NNM(tolerated)(vectors)
    if before == "bucketing":
        vectors = BYZFL.Bucketing(2)(arranged(vectors, order))
    if after == "centred_clipping":
        return centred_clipping(vectors, tolerated)
    makers = {
        "mean": BYZFL.Average,
        "median": BYZFL.Median,
        "trimmed_mean": lambda: BYZFL.TrMean(tolerated),
        "krum": lambda: BYZFL.Krum(tolerated),
        "multi_krum": lambda: BYZFL.MultiKrum(tolerated),
    }
    return makers[after]()(vectors)


def serve(source, sink):
    sink.write(json.dumps({"byzfl": version("byzfl"), "numpy": np.__version__}).encode() + b"\n")
    sink.flush()
    while line := source.readline():
        asked = json.loads(line)
        rows, words = asked["shape"]
        kind = np.dtype(asked["dtype"])
        data = source.read(rows * words * kind.itemsize)
        vectors = np.frombuffer(data, dtype=kind).reshape(rows, words)
        seconds = []
        for _ in range(asked["times"]):
            begin = time.perf_counter()
            outcome = aggregate(asked["rule"], asked["tolerated"], vectors, asked["order"])
            seconds.append(time.perf_counter() - begin)
        answer = np.asarray(outcome, dtype=np.float64)
        sink.write(json.dumps({"size": answer.size, "seconds": seconds}).encode() + b"\n" + answer.tobytes())
        sink.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
