"""Other systems' formats and networks, one room each, through the sdk only. None is there yet."""
