"""The Amaranth components, a file a unit."""
