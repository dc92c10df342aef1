"""Whole images through the engine's Verilog: benches without a simulator's interface in between."""
