"""The specification: bit-exact integer models in numpy, and golden-vector files."""
