"""Figures: each function takes data, draws on `ax` or on a new figure, and returns the axes. None runs a model."""

from helpers.plot.boundary import decision_boundary
from helpers.plot.images import image_grid, weight_images
from helpers.plot.lines import curves, learning_curves
from helpers.plot.matrices import confusion_matrix, heatmap
from helpers.plot.scores import precision_recall, roc, seeds_with_error_bars
from helpers.plot.style import COLORS, CYCLE, text_color, use_style
from helpers.plot.volumes import overlay, region_legend

__all__ = [
    "COLORS",
    "CYCLE",
    "confusion_matrix",
    "curves",
    "decision_boundary",
    "heatmap",
    "image_grid",
    "learning_curves",
    "overlay",
    "precision_recall",
    "region_legend",
    "roc",
    "seeds_with_error_bars",
    "text_color",
    "use_style",
    "weight_images",
]
