"""The story of this field."""
