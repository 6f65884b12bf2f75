"""Shipped inspectors: the battery, scenario tables, simulators and faults. Nothing that runs imports them."""
