"""What a hardware unit is, and a file for each."""
