"""Settings, wiring, logging and the doctor: the one place where adapters are chosen."""
