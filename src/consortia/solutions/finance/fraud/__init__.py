"""Frauds across banks: card payments, features of secure sums, and how well scores put frauds first."""
