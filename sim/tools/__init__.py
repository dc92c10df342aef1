"""Simulators, compiled benches and processes."""
