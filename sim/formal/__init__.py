"""Formal proofs: stream contract and equality with the golden definition."""
