"""The arithmetic of the contract, R1 to R9: integers in, integers out."""
