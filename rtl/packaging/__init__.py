"""IP packages: what an FPGA team receives of a unit."""
