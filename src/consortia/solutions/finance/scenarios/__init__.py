"""The stories of finance."""
