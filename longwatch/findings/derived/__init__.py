"""Columns that a check derives before it judges, one module for each kind of thing they are made from."""
