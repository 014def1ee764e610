"""HTML pages of the tools: they hold all they show, and load nothing from a network."""
