"""Search by correlation and by the order of attention."""
