"""The stories of the city."""
