"""CDISC names, types and dates, and the small fixed facts everything else stands on."""
