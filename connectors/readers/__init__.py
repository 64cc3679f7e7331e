"""From the bytes of a dataset file to typed rows: one module per format, one hand-over."""
