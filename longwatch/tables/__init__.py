"""One module per output, named by its code; cells with their provenance."""
