"""How often the product's intervals hold the truth that ISLET-1 was generated from (docs/simulation.md)."""
