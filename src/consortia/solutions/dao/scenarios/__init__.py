"""The stories of this field."""
