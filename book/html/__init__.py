"""Works on rendered pages: formulas, pictures, scripts and style sheets, old addresses."""
