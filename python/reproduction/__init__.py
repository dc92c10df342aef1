"""The paper's tables, measured again: which cells there are, what is published, what is kept."""
