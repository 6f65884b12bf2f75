"""Cities: meters and markets of power, what they say in the standards that cities speak."""
