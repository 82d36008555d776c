"""The one exception that means "the user can mend this": every room may raise it, `running` prints it."""


class UserError(Exception):
    """Bad input, told in one sentence: the file or key, what was found, what was expected.

    `running.launch` prints the sentence without a traceback and exits with status 1. A programming
    error is never a `UserError`: it keeps its traceback.
    """
