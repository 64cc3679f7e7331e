"""SDTM → analysis datasets: ADSL and ADAE at a cut-off, each derivation in its own module."""
