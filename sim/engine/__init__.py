"""Ops of an integer program on the units of the engine, in simulation."""
