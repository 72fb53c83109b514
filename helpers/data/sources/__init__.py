"""One file for each data set: where it comes from, and how its files become tensors."""
