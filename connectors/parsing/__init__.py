"""Foreign bytes are parsed in processes of their own (DESIGN.md, decision 4; docs/adr/0009)."""
