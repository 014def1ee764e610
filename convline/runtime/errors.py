"""The exception for mistakes of the user."""


class UserError(Exception):
    """A mistake that the user can correct; its text states what is wrong and what to do."""
