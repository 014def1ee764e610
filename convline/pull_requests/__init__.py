"""What `convline.cli.compare` says of two commits: params, figures, noise, the gate, provenance."""
