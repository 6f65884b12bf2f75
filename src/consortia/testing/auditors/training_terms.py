"""Which terms of a study the law takes, sentence by sentence."""

from consortia.base.codec import Malformed, decode, encode
from consortia.base.hashing import tagged
from consortia.exact.budget import BudgetError, fits_ring
from consortia.exact.robust import RobustError, check
from consortia.testing.auditors import Plain, refuse
from consortia.testing.auditors.training_roll import cost


def check_terms(terms: Plain) -> None:
    """Refuse terms that nobody could keep."""
    stages, privacy, quorum = terms["stages"], terms["privacy"], terms["quorum"]
    names = [stage["name"] for stage in stages]
    rounds = sum(stage["rounds"] for stage in stages)
    wide = any(stage["clip"] > 2 ** (stage["ring_bits"] - 7) for stage in stages)
    refuse("bad_stages", when=len(set(names)) < len(names) or rounds > 10_000 or wide)
    masked = [stage["mode"] == "masked" for stage in stages]
    refuse("bad_quorum", when=any(masked) and quorum < 3)
    refuse("bad_rule", when=not all(_is_ruled(stage, quorum, privacy) for stage in stages))
    refuse("bad_privacy", when=privacy is not None and not (all(masked) and _is_noised(terms)))
    schema = tagged("consortia/schema", terms["schema"])
    refuse("bad_schema", when=schema != terms["schema_hash"])
    refuse("bad_parameters", when=not _is_map(terms["recipe"]["parameters"]))


def _is_ruled(stage: Plain, quorum: int, privacy: Plain | None) -> bool:
    if stage["rule"] == "mean":
        return bool(stage["tolerated"] == 0 and stage["group"] == 0)
    group = stage["group"]
    if privacy is not None or (stage["mode"] != "masked") is not (group == 0):
        return False
    try:
        check(stage["rule"], quorum, stage["tolerated"], group=group or 1)
    except RobustError:
        return False
    return True


def _is_noised(terms: Plain) -> bool:
    noises, stages, quorum = terms["privacy"]["noises"], terms["stages"], terms["quorum"]
    if len(noises) != len(stages):
        return False
    for noise, stage in zip(noises, stages, strict=True):
        if noise["colluders"] >= quorum or cost(noise, stage["length"], quorum) < 1:
            return False
        each = -(-noise["variance"] // (quorum - noise["colluders"]))
        members = len(terms["invited"]) or 63
        try:
            fits = fits_ring(stage["clip"], each, members=members, ring_bits=stage["ring_bits"])
        except BudgetError:
            return False
        if not fits:
            return False
    return True


def _is_map(parameters: bytes) -> bool:
    try:
        value = decode(parameters)
    except Malformed:
        return False
    return isinstance(value, dict) and bool(encode(value) == parameters)
