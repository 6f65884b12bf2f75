"""What hospitals and their patients agreed on: to what purpose records are used, how long, and by whom."""

PURPOSE, OTHER = "survival", "insurance"
"""What patients consent to, and what nobody agreed to."""

DATASET = "patients"
RIGHTS = ("*",)
"""Every member may process what another registers for the purpose, in studies that its own people join."""

DAYS = 365
"""So long a consent stands."""
