"""The AXI4-Lite top of a package in simulation: agent, register model, streams, coverage."""
