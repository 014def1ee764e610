"""params.yaml: its schema, loading, presets and error messages."""
