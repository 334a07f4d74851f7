"""The table of the page: what was claimed, by whom, whether it holds here, our figures, and the command."""

from typing import Any

import pandas as pd
from common import RESULTS, with_interval
from large_teacher import BOOSTED, OTHER, SAME, SOFT, TREE
from no_transfer import AVERAGED, FREQUENCIES, LABELED, PERMUTED, TRUE, UNLABELED
from no_transfer import DEFAULT as BY_DEFAULT
from too_good import DEFAULT as STACKED
from too_good import LABEL, PATHS, PROBABILITY

COMMAND = "run.py --only"
TRANSFER, GOOD = "arXiv 2408.14319", "arXiv 2209.08754"
TEN, LINEAR, NETWORK = "ten epochs", "linear", "network"
TEACHER_ALONE, FULL_TEACHER = "teacher's table, weight 0.5", "both tables, weight 1"


def read(name: str) -> pd.DataFrame:
    """A stored table of means."""
    return pd.read_csv(RESULTS / f"{name}.csv")


def pick(table: pd.DataFrame, **where: Any) -> pd.Series:
    """The one row with these values."""
    rows = table[(table[list(where)] == pd.Series(where)).all(axis=1)]
    if len(rows) != 1:
        raise ValueError(f"{len(rows)} rows have {where}; there must be one.")
    return rows.iloc[0]


def claim(text: str, source: str, holds: str, figure: str, part: str) -> dict[str, str]:
    """A row of the table."""
    return {
        "Claim": text,
        "Source": source,
        "Holds here": holds,
        "Our figure": figure,
        "Command": f"``{COMMAND} {part}``",
    }


def no_transfer_claims() -> list[dict[str, str]]:
    """Gains without knowledge, and what is left of the gain when they are taken off."""
    means, differences = read("no_transfer_means"), read("no_transfer_differences")
    rows = []
    for pairs in (LABELED, UNLABELED):
        teachers = {
            name: pick(means, pairs=pairs, student=TEN, method=AVERAGED, teacher=name)
            for name in (TRUE, PERMUTED, FREQUENCIES)
        }
        figures = ", ".join(f"{name} {with_interval(row, 'accuracy_gain')}" for name, row in teachers.items())
        without_knowledge = teachers[PERMUTED]["accuracy_gain_lower"] > 0
        rows.append(
            claim(
                f"A student that is not trained to the end gains from a teacher without knowledge, {pairs}.",
                TRANSFER,
                "yes" if without_knowledge else "no",
                f"Network of ten epochs, averaged soft targets, points by teacher: {figures}.",
                "no_transfer",
            )
        )
    left = {kind: pick(differences, pairs=LABELED, student=kind, method=AVERAGED) for kind in (LINEAR, NETWORK)}
    by_default = {
        kind: pick(differences, pairs=UNLABELED, student=kind, method=BY_DEFAULT) for kind in (LINEAR, NETWORK)
    }
    true = {kind: pick(means, pairs=LABELED, student=kind, method=AVERAGED, teacher=TRUE) for kind in (LINEAR, NETWORK)}
    alone = ", ".join(
        f"{kind} {with_interval(row, 'accuracy_gain')} and {with_interval(row, 'log_loss_gain', '+.3f')} nats"
        for kind, row in true.items()
    )
    figures = ", ".join(f"{kind} {with_interval(row, 'accuracy_gain')}" for kind, row in left.items())
    rows.append(
        claim(
            "Students that are trained to the end gain no accuracy from labeled pairs.",
            TRANSFER,
            "yes" if all(row["accuracy_gain_lower"] <= 0 for row in true.values()) else "no",
            f"Averaged soft targets, points: {alone}; points less those of the permuted teacher: {figures}. "
            "The default leaves the student as it is.",
            "no_transfer",
        )
    )
    figures = ", ".join(f"{kind} {with_interval(row, 'accuracy_gain')}" for kind, row in by_default.items())
    rows.append(
        claim(
            "State-of-the-art methods fail to transfer knowledge from privileged information.",
            TRANSFER,
            "not with unlabeled pairs" if all(row["accuracy_gain_lower"] > 0 for row in by_default.values()) else "yes",
            f"Default, points less the permuted teacher's: {figures}.",
            "no_transfer",
        )
    )
    return rows


def too_good_claims() -> list[dict[str, str]]:
    """Rise and fall on both paths, and by default."""
    changes = read("too_good_changes")
    shown = (
        (PROBABILITY, LABELED, TEACHER_ALONE),
        (PROBABILITY, UNLABELED, TEACHER_ALONE),
        (PROBABILITY, UNLABELED, STACKED),
        (LABEL, UNLABELED, FULL_TEACHER),
        (LABEL, UNLABELED, STACKED),
    )
    rows = []
    for path, pairs, method in shown:
        row = pick(changes, path=path, pairs=pairs, method=method)
        rises, falls = row["rise_lower"] > 0, row["fall_lower"] > 0
        best_at_end = row["best_step"] == len(PATHS[path]) - 1
        fall = "no fall: the best is the last" if best_at_end else f"fall {with_interval(row, 'fall', '.3f')}"
        rows.append(
            claim(
                "With better privileged features the gain first rises, then falls. The teacher comes to know "
                f"{path}; {method}, {pairs}.",
                GOOD,
                "yes" if rises and falls else "it rises" if rises else "it falls" if falls else "no",
                f"Nats: {row['at_start']:+.3f} at chance, {row['at_best']:+.3f} at best, where the teacher's accuracy "
                f"is {row['best_accuracy']:.2f}, {row['at_end']:+.3f} at 1.00. "
                f"Rise {with_interval(row, 'rise', '.3f')}, {fall}.",
                "too_good",
            )
        )
    return rows


def large_teacher_claims() -> list[dict[str, str]]:
    """What the documentation of the peers promises, by a stand-in."""
    means = read("large_teacher_means")

    def of(student: str, table: str, method: str, teacher: str = TRUE) -> pd.Series:
        return pick(means, student=student, teacher_table=table, method=method, teacher=teacher)

    rows = []
    for table in (SAME, OTHER):
        gains = {kind: of(kind, table, BY_DEFAULT) for kind in (TREE, BOOSTED)}
        control = {kind: of(kind, table, BY_DEFAULT, PERMUTED) for kind in (TREE, BOOSTED)}
        figures = ", ".join(
            f"{kind} {with_interval(row, 'accuracy_gain')}, permuted {control[kind]['accuracy_gain']:+.1f}"
            for kind, row in gains.items()
        )
        holds = [row["accuracy_gain_lower"] > 0 for row in gains.values()]
        rows.append(
            claim(
                f"Distilled, a small model can be more accurate than fitted to the labels; the teacher has {table}.",
                "AutoGluon, ``distill``",
                "yes" if all(holds) else "in part" if any(holds) else "not shown",
                f"Default with rows without a label, points: {figures}.",
                "large_teacher",
            )
        )
    kept = {kind: (of(kind, SAME, SOFT), of(kind, SAME, BY_DEFAULT)) for kind in (TREE, BOOSTED)}
    boosted = kept[BOOSTED][0]
    figures = ", ".join(
        f"{kind} {with_interval(soft, 'alone_retention', '.0f')} alone, {with_interval(soft, 'retention', '.0f')} from "
        f"labeled rows, {with_interval(default, 'retention', '.0f')} by default with the others"
        for kind, (soft, default) in kept.items()
    )
    rows.append(
        claim(
            "A student of boosted trees keeps 97 to 99 % of the teacher's accuracy.",
            "TabTune, distillation guide",
            "yes" if boosted["retention_lower"] >= 97 else "no" if boosted["retention_upper"] < 97 else "not shown",
            f"Percent, the teacher has the student's table: {figures}.",
            "large_teacher",
        )
    )
    tree = of(TREE, OTHER, SOFT, PERMUTED)
    rows.append(
        claim(
            "A gain may come from a change of the model and not from the teacher.",
            TRANSFER,
            "yes" if tree["log_loss_gain_lower"] > 0 else "no",
            f"Small tree, labeled rows, permuted teacher: {with_interval(tree, 'log_loss_gain', '+.2f')} nats, since "
            f"its leaves are smoothed, with {with_interval(tree, 'accuracy_gain')} points of accuracy.",
            "large_teacher",
        )
    )
    return rows


def table() -> pd.DataFrame:
    """All claims."""
    return pd.DataFrame([*no_transfer_claims(), *too_good_claims(), *large_teacher_claims()])
