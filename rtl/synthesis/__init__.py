"""Area and clock frequency of units, by yosys and nextpnr."""
