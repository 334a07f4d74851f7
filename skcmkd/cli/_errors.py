"""Errors that a user of the command line can fix, printed in one line."""

from __future__ import annotations


class DataError(ValueError):
    """The data are at fault: exit code 1."""


class UsageError(ValueError):
    """The command is at fault: exit code 2."""
