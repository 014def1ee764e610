"""What `convline compare` says of two commits: params, figures, noise, the gate, provenance."""
