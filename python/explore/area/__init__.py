"""What an engine takes of a part: a table of all widths and of the engine's parts, composed."""
