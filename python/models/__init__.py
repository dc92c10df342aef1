"""Float models: where they come from, their images, their families."""
