"""The library behind the stages and the `convline` command."""
