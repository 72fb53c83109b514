"""Taking a trained model out of PyTorch, and serving it.

``export``, ``train`` and ``folder`` write a model folder; ``serve`` and ``service`` answer requests from one, and import
no torch: a machine that serves needs none. Import the modules themselves; this file stays empty for that reason.
"""
