"""What a person can mend."""


class RunError(ValueError):
    """Why a run cannot start or go on, and what to do; the command line shows the sentence alone."""
