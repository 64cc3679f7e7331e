"""Judging trial data by rules: Great Expectations for verdict and count, Polars for the full list (DESIGN.md, decision
2)."""

from validations.validation import load_report_rules, load_rules, rules_of, validate, validate_by

__all__ = ["load_report_rules", "load_rules", "rules_of", "validate", "validate_by"]
