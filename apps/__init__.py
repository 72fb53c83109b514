"""Programs that stand on ``helpers``: sweeps of notebooks, and the digits service."""
