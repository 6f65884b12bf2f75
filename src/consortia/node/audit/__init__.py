"""The audit of a home: replay every block, re-compute every round, re-execute every prediction."""
