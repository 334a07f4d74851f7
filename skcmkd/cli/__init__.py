"""The command line: ``skcmkd demo``, ``advise``, ``distill`` and ``predict``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

EXIT_DATA_ERROR, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a sub-command and give the exit code; without one, the demo.

    Parameters
    ----------
    arguments : sequence of str, default=None
        What follows the program's name; None is ``sys.argv[1:]``.

    Returns
    -------
    int
        0 done, 1 the data are at fault, 2 the command is, 130 interrupted.

    Examples
    --------
    >>> from skcmkd.cli import main
    >>> main(["predict", "no_such_table.csv", "--model", "no_such_student.skops"])
    1
    """
    from ._options import make_parser

    argv = list(sys.argv[1:] if arguments is None else arguments)
    if not argv or (argv[0].startswith("-") and argv[0] not in ("-h", "--help", "--version")):
        argv = ["demo", *argv]
    options = make_parser().parse_args(argv)
    options.command = argv
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a name may have letters that the terminal cannot write
            stream.reconfigure(errors="backslashreplace")
    return _run(options)


def _run(options: argparse.Namespace) -> int:
    from .._validation._sklearn import default_output
    from ._console import print_error
    from ._errors import UsageError

    try:
        with default_output():
            code = options.run(options)
        sys.stdout.flush()  # an error of a pipe is raised here, not when the interpreter ends
        return code
    except KeyboardInterrupt:
        if options.debug:
            raise
        print_error("interrupted.")
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # whoever reads has had enough, such as head; rich ends with 1 then, too
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except UsageError as error:
        if options.debug:
            raise
        print_error(str(error))
        return EXIT_USAGE
    except Exception as error:
        if options.debug:
            raise
        # The package's own errors name the value and the remedy; of any other error the type is printed, too.
        kind = "" if isinstance(error, (ValueError, ImportError)) else f"{type(error).__name__}: "
        print_error(f"{kind}{str(error) or 'no message'}")
        return EXIT_DATA_ERROR
