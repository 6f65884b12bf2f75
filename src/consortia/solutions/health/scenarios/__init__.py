"""The stories of health: survival."""
