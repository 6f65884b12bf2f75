"""Other systems' formats and networks, one room each, through the sdk only: so far Flower's clients."""
