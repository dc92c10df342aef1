"""The integer program: its ops, its reader and its executor."""
