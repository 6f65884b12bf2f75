"""A refusal carries its stable code, its meaning and what was at fault."""

import pytest

from consortia.base.refusals import Refusal, Refused, require

FULL = Refusal("bank", 3, "overdrawn", "The account holds less.")


def test_require_raises_the_declared_refusal_only_when_the_condition_fails() -> None:
    require(1, FULL)
    with pytest.raises(Refused, match=r"bank\.overdrawn: 5 of 4") as caught:
        require(0, FULL, "5 of 4")
    assert (caught.value.code, caught.value.refusal.number) == ("bank.overdrawn", 3)
    with pytest.raises(Refused, match="The account holds less"):
        require([], FULL)
