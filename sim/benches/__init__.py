"""Cocotb benches: they run inside the simulator and replay files named in a bundle's manifest."""
