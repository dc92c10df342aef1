"""Mutation testing: how many netlist mutants the benches kill."""
