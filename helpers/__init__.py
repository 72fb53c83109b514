"""The package behind the chapters: data, models, losses, metrics, training, plots and what a run needs.

Chapters import from here what an earlier chapter has taught. Nothing here hides a training loop: the loop is a
generator, and the reader's own ``for`` stays in sight.
"""
