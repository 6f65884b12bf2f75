"""What services and their people agreed on: purposes, how long, and what may be told of a person at all."""

PURPOSE, OTHER = "recommending", "marketing"
"""What people sign for, and what they did not."""

DATASET, PAPERS = "profiles", "papers"
RIGHTS = ("*",)
"""Every member may process what another registers for the purpose, in studies that its own people join."""

DAYS = 365
"""So long a consent stands."""

EPSILON = 8.0
"""What sums with noise may tell of a person, for all studies together, at a delta of 1 in 100,000."""

ITEMS_COUNTED = 10
"""So many items of each person count in sums with noise."""
