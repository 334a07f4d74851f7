"""Mistakes with the command line and the tables that it reads."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skcmkd.cli._input import load_data, make_data
from skcmkd.cli._options import make_parser
from skcmkd.cli._outcome import horizons_of, is_outcome_wanted, load_follow_up
from skcmkd.cli._students import check_student_columns

from .bad_inputs import BadInput

ROWS = 40
RISK = ("--time", "os_days", "--event", "died", "--horizon", "1000")


def table(**changed):
    """A panel and RNA of forty samples of twenty patients, some columns changed."""
    random = np.random.RandomState(0)
    columns = {"diagnosis": np.where(np.arange(ROWS) % 4 < 2, "benign", "malignant"), "patient": np.arange(ROWS) // 2}
    columns |= {f"{name}_{i}": random.normal(size=ROWS) for name in ("panel", "rna") for i in range(2)}
    return pd.DataFrame(columns).assign(**changed).set_axis([f"S{row}" for row in range(ROWS)])


def read(frame, label="diagnosis", **options):
    """Sort a table into modalities and rows."""
    return make_data(frame, label, "panel", **options)


def command(frame, *arguments):
    """Read a table from a file with the options of a command."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "cohort.csv"
        frame.to_csv(path, index_label="sample")
        options = ["advise", str(path), "--label", "diagnosis", "--student", "panel", *arguments]
        return load_data(make_parser().parse_args(options))


def follow_up(*arguments, **changed):
    """Read times and events from a file with the options of a command."""
    seen = {"os_days": np.arange(1, ROWS + 1) * 50, "died": np.arange(ROWS) % 2} | changed
    with TemporaryDirectory() as folder:
        path = Path(folder) / "cohort.csv"
        table(**seen).to_csv(path, index_label="sample")
        options = make_parser().parse_args(["advise", str(path), "--student", "panel", *(arguments or RISK)])
        is_outcome_wanted(options)
        return [load_follow_up(options).at(horizon, options.folds) for horizon in horizons_of(options)]


def predict(*columns):
    """Look for the columns of a student in a table with others."""
    student = make_pipeline(SimpleImputer(), LogisticRegression())
    return check_student_columns(pd.DataFrame(columns=columns), ["panel_0", "panel_1"], Path("tomorrow.csv"), student)


COMMANDS = [
    BadInput(
        "A label that is not there", lambda: read(table(), "diagnose"), r"'diagnose' is no column.* mean 'diagnosis'\?"
    ),
    BadInput(
        "No label",
        lambda: read(table(diagnosis=None)),
        "'diagnosis' is missing in all 40 rows: .*another column with --label, or fill it in",
    ),
    BadInput(
        "One class",
        lambda: read(table(diagnosis="benign")),
        "is 'benign' in all 40 labeled rows: two classes at least .*Add rows of another class",
    ),
    BadInput(
        "One class, the other left empty",
        lambda: read(table(diagnosis=["malignant", None] * 20)),
        "missing in the other 20: .* An empty cell is no class: write its name",
    ),
    BadInput(
        "A class that is written None",
        lambda: command(table(diagnosis=["malignant", "None"] * 20)),
        "20 of 40 rows are read as rows without a label, .* holds 'None' 20 times.* add --keep-na-labels",
    ),
    BadInput(
        "Fewer patients than folds",
        lambda: read(table(patient=np.arange(ROWS) % 3), groups="patient"),
        r"class 'benign' of 'diagnosis' has 3 groups with .* fewer than 5 folds.* --folds 3",
    ),
    BadInput(
        "Fewer rows than folds need", lambda: read(table().head(13)), "13 rows .* too few for 5 folds.* --folds 3"
    ),
    BadInput("A single fold", lambda: command(table(), "--folds", "1"), "--folds 1: at least 2 are needed"),
    BadInput(
        "A student's modality without a value",
        lambda: read(table(panel_0=np.nan, panel_1=np.nan)),
        "'panel' is empty: 'panel_0', 'panel_1' hold no value in any row. Fill them in, or .*--student",
    ),
    BadInput(
        "A teacher without a value",
        lambda: read(table(rna_0=np.nan, rna_1=np.nan)),
        "no teacher is left. rna is left out: .* in 0 labeled rows, too few. A teacher needs 20 .*, or lower --folds",
    ),
    BadInput(
        "A cell that is no number", lambda: read(table(panel_0="<0.5")), "column 'panel_0', row 1 .* holds '<0.5'"
    ),
    BadInput(
        "A label and a time to an event",
        lambda: follow_up(*RISK, "--label", "diagnosis"),
        "--label 'diagnosis' and --time, --event and --horizon were given: .* Leave out --label, or",
    ),
    BadInput("A time without a horizon", lambda: follow_up(*RISK[:4]), "--time and --event need --horizon TIME, too"),
    BadInput("Nothing to predict", lambda: follow_up("--seed", "0"), "not said what to predict. Give --label COL, or"),
    BadInput(
        "A column of events that is not there",
        lambda: follow_up(*RISK[:3], "dead", *RISK[4:]),
        "--event 'dead' is no column of the table. Did you mean 'died'?",
    ),
    BadInput(
        "A time below 0",
        lambda: follow_up(os_days=np.arange(ROWS) - 1),
        r"row 1 \(sample 'S0'\) holds '-1'; 1 of 40 times are negative .*mend it",
    ),
    BadInput(
        "Events in words",
        lambda: follow_up(died=["alive", "dead"] * 20),
        "holds 'alive'. An event is 1 .* has 'alive', 'dead'. Write 1 and 0",
    ),
    BadInput(
        "An event without a time",
        lambda: follow_up(os_days=[None, *range(1, ROWS)]),
        "'os_days' is empty there; 1 row with .* Fill both in",
    ),
    BadInput("All rows censored", lambda: follow_up(died=0), "event is 0 in all 40 rows: all are censored"),
    BadInput(
        "A horizon beyond the last time",
        lambda: follow_up(*RISK[:5], "5000"),
        "horizon=5000 is beyond the last time, 2000: .* Give a horizon of at most 2000",
    ),
    BadInput(
        "No event before the horizon",
        lambda: follow_up(*RISK[:5], "60"),
        "No event came by horizon=60; the first of 20 is at 100. Give a later",
    ),
    BadInput(
        "Few events before the horizon",
        lambda: follow_up(*RISK[:5], "200"),
        "--horizon 200: 2 rows with the event by then .*fewer than 5 folds. Give a later horizon or more rows",
    ),
    BadInput(
        "A column of the student is misspelt in predict",
        lambda: predict("panel_0", "Panel_1"),
        "'tomorrow.csv' lacks 1 of the student's 2 columns: 'panel_1'. Rename 'Panel_1' to 'panel_1'?",
    ),
    BadInput(
        "A column of the student is missing in predict",
        lambda: predict("panel_0"),
        "lacks 1 of the student's 2 columns: 'panel_1'. Give each a column .* may be a column of empty cells",
    ),
]
