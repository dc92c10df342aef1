"""Amaranth components and the Verilog that leaves them."""
