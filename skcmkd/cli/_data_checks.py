"""What looks wrong in a table though it can be read: leaked outcomes, names of rows, labels written in two ways."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.special import gammaln
from scipy.stats import t

from ._read_table import DECIMAL_COMMA, as_text
from ._text import abbreviate, quote

MIN_ROWS = 20
# A leak is reported where noise would give one among all the columns with less than this probability.
P_CHANCE = 1e-3
MIN_CORRELATION = 0.999
MIN_RANK_CORRELATION, MIN_EVENT_CORRELATION = 0.8, 0.9
IDENTIFIER = re.compile(r"(^|[\W_])(id|nr|no|number|code|index)$", re.IGNORECASE)
SUBJECT_PATTERN = re.compile(
    r"(^|[\W_])(patient|subject|donor|participant|person|individual|case)s?[\W_]*(id|nr|no|number|code|name)?$",
    re.IGNORECASE,
)
# A column that names something else is one of groups where it repeats throughout.
MIN_SUBJECTS, MIN_ROWS_PER_ID = 5, 1.2
# Of a modality with few columns, one cell is more than this share.
FEW_CELLS, MIN_COLUMNS, MIN_POOR_ROWS = 0.05, 4, 5
# Names of a class, without blanks and in small letters, that stand for none; those that pandas reads as missing are not
# among them, for they are no classes.
UNKNOWN_TEXTS = {"unknown", "unk", "pending", "missing", "?", "-", "--", ".", "n.a.", "na", "notavailable", "notknown"}
UNKNOWN_TEXTS |= {"undetermined", "notdetermined", "tbd", "nd", "n.d."}


def check_leakage(X: pd.DataFrame, y: np.ndarray, classes: np.ndarray | None) -> list[str]:
    """Columns that determine the label alone: the ranges of the classes do not meet, or it follows a straight line."""
    telling = _correlates_perfectly(X.to_numpy(dtype=np.float64), y) if classes is None else _separates_classes(X, y)
    names = list(X.columns[telling])
    if not names:
        return []
    if len(names) == 1:
        return [f"column {quote(names[0])} tells the label alone: is it an outcome? If so, leave it out."]
    return [f"columns {abbreviate(names)} each tell the label alone: are they outcomes? If so, leave them out."]


def check_time_leakage(X: pd.DataFrame, time: pd.Series, event: pd.Series) -> list[str]:
    """Columns that follow the time or the event closely, such as those of another event: no measurement does."""
    # A constant column, or an event that all have, correlates with nothing.
    with np.errstate(divide="ignore", invalid="ignore"):
        of_time, of_event = X.rank().corrwith(time.rank()), X.corrwith(event)
    lines = _name_followers(X, of_time, time.name, MIN_RANK_CORRELATION)
    return lines + _name_followers(X, of_event, event.name, MIN_EVENT_CORRELATION)


def _name_followers(X: pd.DataFrame, correlations: pd.Series, name: Hashable, least: float) -> list[str]:
    n_known = X.notna().sum().to_numpy()
    correlation = correlations.abs().clip(upper=1 - 1e-12).to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = correlation * np.sqrt((n_known - 2) / (1 - correlation**2))
    chance = 2 * t.sf(statistic, np.maximum(n_known - 2, 1)) * X.shape[1]
    names = list(X.columns[(n_known >= MIN_ROWS) & (correlation > least) & (chance < P_CHANCE)])
    if not names:
        return []
    which = f"column {quote(names[0])} follows" if len(names) == 1 else f"columns {abbreviate(names)} follow"
    return [f"{which} {quote(name)} closely: other outcomes? If so, leave them out, and name teachers by --teacher."]


def check_row_ids(X: pd.DataFrame, modalities: Mapping[str, Sequence[str]]) -> list[str]:
    """Modalities that some rows have next to nothing of, and columns that number the rows."""
    notes = []
    for name, columns in modalities.items():
        part = X[list(columns)]
        numbering = [column for column in columns if IDENTIFIER.search(column) and _is_row_number(part[column])]
        if numbering:
            notes.append(
                f"{abbreviate(numbering)} of {quote(name)} numbers the rows: leave it out if it measures nothing."
            )
        known = part.notna().to_numpy()
        n_known = known.sum(axis=1)
        n_known, known = n_known[n_known > 0], known[n_known > 0]
        poor = n_known <= max(1, FEW_CELLS * len(columns))
        if len(columns) < MIN_COLUMNS or poor.sum() < MIN_POOR_ROWS or np.median(n_known) < len(columns) / 2:
            continue
        only = [column for column, often in zip(columns, known[poor].mean(axis=0), strict=True) if often == 1]
        such = f" (only {abbreviate(only)})" if only else ""
        notes.append(
            f"{int(poor.sum())} rows have at most {int(n_known[poor].max())} of the {len(columns)} cells of "
            f"{quote(name)}{such} and count as measured. If they were not, leave those cells empty too."
        )
    return notes


def check_repeated_subjects(table: pd.DataFrame, reserved: Sequence[str]) -> list[str]:
    """Columns that name patients of whom one comes more than once, or other numbers and codes that repeat often."""
    notes = []
    for name in table.columns:
        is_subject = SUBJECT_PATTERN.search(str(name))
        if name in reserved or not (is_subject or IDENTIFIER.search(str(name))):
            continue
        n_known, n_different = int(table[name].notna().sum()), int(table[name].nunique())
        least = n_different + 1 if is_subject else MIN_ROWS_PER_ID * n_different
        if n_different >= MIN_SUBJECTS and n_known >= least:
            notes.append(f"{quote(name)} repeats ({n_different} values in {n_known} rows): --groups {quote(name)}?")
    return notes


def check_label_spelling(classes: Sequence[str]) -> list[str]:
    """Classes that differ in case or blanks alone."""
    spelt: dict[str, list[str]] = {}
    for name in classes:
        spelt.setdefault("".join(str(name).casefold().split()), []).append(str(name))
    return [
        f"the classes {abbreviate(names)} differ in case or blanks alone: are they one?"
        for names in spelt.values()
        if len(names) > 1
    ]


def check_label_unknown(classes: Sequence[str]) -> list[str]:
    """Classes whose names read as if the class was not known."""
    unknown = [str(name) for name in classes if "".join(str(name).casefold().split()) in UNKNOWN_TEXTS]
    if not unknown:
        return []
    are, each = ("is a class", "it means") if len(unknown) == 1 else ("are classes", "they mean")
    return [
        f"{abbreviate(unknown)} {are} of the label. If {each} that the class is not known, empty these cells: such "
        "rows are unlabeled pairs."
    ]


def check_constants(X: pd.DataFrame, modalities: Mapping[str, Sequence[str]]) -> list[str]:
    """Columns with one value in all rows."""
    is_constant = X.min() == X.max()
    notes = []
    for name, columns in modalities.items():
        constant = [column for column in columns if is_constant[column]]
        if constant:
            have = "has one value" if len(constant) == 1 else "have one value each"
            notes.append(f"{abbreviate(constant)} of {quote(name)} {have} in all rows: nothing can be learned from it.")
    return notes


def find_decimal_commas(table: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Columns of text whose cells are numbers with a comma."""
    columns = []
    for name in names:
        if pd.api.types.is_numeric_dtype(table[name].dtype):
            continue
        text = as_text(table[name]).dropna().head(100)
        if len(text) and all(map(DECIMAL_COMMA.fullmatch, text)):
            columns.append(name)
    return [f"{abbreviate(columns)} hold numbers such as 0,047: try --decimal ,"] if columns else []


def _separates_classes(X: pd.DataFrame, y: np.ndarray) -> np.ndarray:
    """Mask of the columns where the ranges of the classes do not meet."""
    of_class = X.groupby(y)
    sizes, lowest, highest = (part.to_numpy() for part in (of_class.count(), of_class.min(), of_class.max()))
    order = lowest.argsort(axis=0)
    lowest, highest = np.take_along_axis(lowest, order, 0), np.take_along_axis(highest, order, 0)
    apart = (highest[:-1] < lowest[1:]).all(axis=0) & (sizes > 0).all(axis=0)
    # Of all orders of the rows, those in which the rows of each class stand together.
    log_chance = gammaln(len(sizes) + 1) + gammaln(sizes + 1).sum(axis=0) - gammaln(sizes.sum(axis=0) + 1)
    return apart & (sizes.sum(axis=0) >= MIN_ROWS) & (log_chance + np.log(X.shape[1]) < np.log(P_CHANCE))


def _correlates_perfectly(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Mask of the columns that correlate perfectly, but for rounding, with a continuous target."""
    known = ~np.isnan(X)
    n_known = known.sum(axis=0)
    least = np.maximum(n_known, 1)
    x = np.where(known, X - np.where(known, X, 0).sum(axis=0) / least, 0)
    target = np.where(known, y[:, None] - (known * y[:, None]).sum(axis=0) / least, 0)
    together, spread = (x * target).sum(axis=0), np.sqrt((x**2).sum(axis=0) * (target**2).sum(axis=0))
    return (n_known >= MIN_ROWS) & (spread > 0) & (np.abs(together) > MIN_CORRELATION * spread)


def _is_row_number(values: pd.Series) -> bool:
    known = values.dropna()
    return bool(len(known) >= MIN_ROWS and known.is_unique and (known % 1 == 0).all())
