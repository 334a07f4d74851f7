"""The command that keeps the student of a verdict."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from ..evaluation._verdict import DISTIL, NOT_PREDICTED, Verdict

# Options of ``advise`` that ``distill`` does not have, with the number of their values.
ADVISE_ONLY = {"--report": 1, "--repeats": 1, "--exit-code": 0}


def command_of_student(arguments: Sequence[str], verdicts: Sequence[Verdict]) -> str | None:
    """The ``distill`` command that follows an ``advise`` one; None where horizons differ or nothing is predicted.

    Parameters
    ----------
    arguments : sequence of str
        Those of ``advise``, its name first.
    verdicts : sequence of Verdict
        One of each horizon; a label has one.
    """
    wanted = {verdict.decision == DISTIL for verdict in verdicts}
    if len(wanted) > 1 or any(verdict.decision == NOT_PREDICTED for verdict in verdicts):
        return None
    kept, n_skipped = [], 0
    for argument in arguments[1:]:
        name, is_joined, _ = argument.partition("=")
        if n_skipped:
            n_skipped -= 1
        elif name in ADVISE_ONLY:
            n_skipped = 0 if is_joined else ADVISE_ONLY[name]
        else:
            kept.append(argument)
    alone = [] if wanted == {True} else ["--alone"]
    return shlex.join(["skcmkd", "distill", *kept, *alone, "--out", "student.skops"])
