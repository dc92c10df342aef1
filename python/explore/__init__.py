"""Exploration: what each choice costs in accuracy, cycles and area, before anyone writes RTL.

Three pure functions, each a task of the farm, joined to the rows of one table.
"""
