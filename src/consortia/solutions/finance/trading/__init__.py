"""Trading by AI delegates: prices, strategies, paper mode, and what a study learns from prices."""
