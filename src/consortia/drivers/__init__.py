"""Who orders the blocks: one process (`embedded`) or all members' CometBFT. No module can tell which."""
