"""Data shipped in the wheel; `ATTRIBUTION.md` says whose it is."""
