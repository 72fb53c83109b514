"""What a training loop does, written down while it runs: hooks and wrapped functions in, plain facts out."""
