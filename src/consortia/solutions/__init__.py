"""Thin plugins for fields such as health or supply chains, one room each, through the sdk only."""
