"""What is kept and can be proved: snapshots, report keys, manifests, audit events."""
