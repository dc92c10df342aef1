"""The regression of a bundle: its benches, run and judged."""
