"""The steps of method closed-form: each solves for its numbers, none descends a gradient."""
