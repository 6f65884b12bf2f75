"""Rings of money launderers over several banks: made-up transfers, and the rules that name accounts."""
