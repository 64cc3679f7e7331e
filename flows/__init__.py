"""Prefect flows and tasks. A task is one call of an operation; a flow reads as the list of stages."""
