"""Training in many processes: one script, and the files that start it on a cluster or on a rented machine."""
