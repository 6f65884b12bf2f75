"""What these parties agreed on: the cold chain's bounds, who answers a recall, which trades are late."""

MOST_CELSIUS = 8.0
LEAST_CELSIUS = 0.0
"""Berries travel between them."""

PURPOSE = "lateness"
RIGHTS = ("*",)
"""Every member may process what another registers for this purpose, in studies that its own people join."""

RECALL = "recall"
ANSWER_DAYS = 2
"""So long the parties have to say how many units of a recall they hold."""
