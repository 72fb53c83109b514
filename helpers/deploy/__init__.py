"""Taking a trained model out of PyTorch, and serving it.

``export``, ``train`` and ``folder`` write a model folder; ``serve`` and ``service`` answer requests from one, and
import no torch: a machine that serves needs none. So this file imports nothing: import the modules themselves.
"""
