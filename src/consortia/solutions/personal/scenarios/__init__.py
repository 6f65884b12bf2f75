"""The story of personal services."""
