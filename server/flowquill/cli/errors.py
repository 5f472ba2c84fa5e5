"""The one exception of the command line."""


class CommandError(Exception):
    """Ends a command with exit code 1. The message is one sentence for a person that says what to do."""
