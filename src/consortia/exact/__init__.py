"""Integer mathematics: the same bits on every machine. No float but in `fixed`, the one door."""
