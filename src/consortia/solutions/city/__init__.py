"""Cities: homes that trade power, signals within voted bounds, flows foreseen, in the standards of cities."""
