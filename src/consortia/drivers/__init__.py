"""Drivers: who orders the blocks. Modules cannot tell which one does."""
