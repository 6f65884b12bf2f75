"""Organisations that decide and spend together, with a delegate whose mandate they can see and end."""
