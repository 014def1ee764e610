"""The `convline` command: a module per subcommand, and what they share."""
