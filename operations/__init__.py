"""One function per thing a person can do, and the ports it needs. No framework, no sibling."""
