"""Files that appear whole or not at all, and descriptions that are checked."""
