"""Simulation of exported Verilog against golden vectors."""
