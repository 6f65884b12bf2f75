"""Lengths of time in milliseconds, the unit of block times and of every deadline."""

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
