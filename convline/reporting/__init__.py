"""What stands on the pages of report/: figures, facts, plots drawn without a network."""
