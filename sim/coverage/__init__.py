"""Functional and code coverage."""
