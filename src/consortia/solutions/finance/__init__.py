"""Finance: trading by AI delegates, frauds and rings across banks, and the messages that banks send."""
