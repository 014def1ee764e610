"""Tables and plots of DVC experiments, and the page docs/results.md."""
