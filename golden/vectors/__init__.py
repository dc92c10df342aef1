"""Golden vectors: packing, memory files, bundles of units and of programs."""
