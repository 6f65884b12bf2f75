"""Privacy at the member's side: noise from a secret, clipping, and what a budget means to people.

What a sum costs is the law's and stands in `exact.budget`. The seed of the noise never leaves its member.
"""

from consortia.engines.privacy.account import advantage, cost_for, epsilon
from consortia.engines.privacy.clip import clip_rows, clip_vector
from consortia.engines.privacy.gaussian import discrete_gaussian
from consortia.engines.privacy.noise import noised

__all__ = [
    "advantage",
    "clip_rows",
    "clip_vector",
    "cost_for",
    "discrete_gaussian",
    "epsilon",
    "noised",
]
