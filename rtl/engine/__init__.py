"""The engine: units with buffers between them, driven by one stream of instructions."""
