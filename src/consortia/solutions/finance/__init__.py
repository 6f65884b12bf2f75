"""Finance: trading by AI delegates in sealed call auctions."""
