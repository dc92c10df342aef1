"""Widths by layer within a budget: groups, what they cost and add in noise, and the search."""
