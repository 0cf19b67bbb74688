"""The one kind of error that is shown to a user as a line, without a traceback."""


class UserError(Exception):
    """Something the user can mend. The message names the file, the row or the option, and what to do."""
