"""Attacks on ourselves: what an update or a model gives away, and whether noise is what it claims to be.

- `membership`: was this record among those that a model was trained on? Likelihood ratios over shadow models.
- `inversion`: which record made this gradient? What an open round shows of a small batch.
- `own`: what a member can try on a study with its own records and its own updates alone.
- `epsilon`: is the claimed epsilon true? A lower bound with confidence, from many runs.

Each gives its counts and one plain sentence. Tests hold them to succeed where they should: an attack that
finds nothing proves nothing.
"""

from consortia.engines.attack.epsilon import Audit, audit, audit_noise
from consortia.engines.attack.inversion import best_match, invert_round, records_of_layer
from consortia.engines.attack.membership import Membership, against, membership
from consortia.engines.attack.own import Guesses, guesses, lone_records, two_updates

__all__ = [
    "Audit",
    "Guesses",
    "Membership",
    "against",
    "audit",
    "audit_noise",
    "best_match",
    "guesses",
    "invert_round",
    "lone_records",
    "membership",
    "records_of_layer",
    "two_updates",
]
