"""The report, the model card, and what all HTML pages share: frame, plots as SVG, Markdown."""
