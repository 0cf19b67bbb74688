"""The one kind of error that is shown to a user as a line, without a traceback."""


class UserError(Exception):
    """Something the user can mend. The message names the file or the row, and what to do."""
