"""The options of every sub-command; what they run is imported when it runs."""

from __future__ import annotations

import argparse
from pathlib import Path

import skcmkd

from ._text import is_number

PREFIX_HELP = """\
A prefix selects the columns that start with it: panel selects panel_x, panel.x and
panelx alike, panel_ the first alone. Prefixes of which one begins with the other are
refused. Without --teacher the columns that are left are grouped by their text before
the first of _ . : | / - or a blank. A row whose cells of a modality are all empty was
not measured there; one with an empty label is an unlabeled pair, and so is one
with None, NA or the like, unless --keep-na-labels makes these classes. Text and few
different whole numbers are classes, other numbers continuous. In place of --label,
--time, --event and --horizon predict the risk of an event by a time; a row that was
censored before it is an unlabeled pair. The first column names the samples,
unless it is the label, the groups or one of a named modality. In h5mu and h5ad files
a prefix is the name of a modality; label, time, event, groups and batch are in obs.
"""
EXIT_CODES = "Exit codes: 0 done, 1 the data are at fault, 2 the command is at fault, 130 interrupted."


def make_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="skcmkd",
        description="Which modality should teach which, and a student that predicts from the cheap one alone.",
        epilog=f"Without a sub-command the demo runs. {EXIT_CODES}",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"skcmkd {skcmkd.__version__}")
    commands = parser.add_subparsers(title="sub-commands", required=True, metavar="demo | advise | distill | predict")
    _add_demo(commands)
    _add_advise(commands)
    _add_distill(commands)
    _add_predict(commands)
    return parser


def _add(commands: argparse._SubParsersAction, name: str, text: str, epilog: str = "") -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=text,
        description=text,
        epilog=f"{epilog}\n{EXIT_CODES}".strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def _add_demo(commands: argparse._SubParsersAction) -> None:
    text = (
        "Say which modality should teach, distil, and show by cross-validation what it gained, on two shipped tables."
    )
    parser = _add(commands, "demo", text)
    parser.add_argument("--figures", type=Path, metavar="FOLDER", help="write the two figures there as PNG")
    parser.add_argument("--repeats", type=int, default=3, help="repeats of the cross-validation (default: 3)")
    parser.add_argument("--seed", type=int, default=0, help="seed (default: 0)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    parser.set_defaults(run=_run_demo)


def _add_advise(commands: argparse._SubParsersAction) -> None:
    text = "Say which modality should teach the student's, and by cross-validation what distilling brings."
    parser = _add(commands, "advise", text, PREFIX_HELP)
    _add_table(parser)
    _add_data(parser)
    parser.add_argument("--report", type=Path, metavar="FILE.html", help="write a report that needs no other file")
    _add_folds(parser)
    parser.add_argument(
        "--exit-code",
        action="store_true",
        help="end with 0 (distil), 10 (the student alone), 11 (undecided) or 12 (the label is not predicted)",
    )
    parser.add_argument("--repeats", type=int, default=1, help="repeats of the cross-validation (default: 1)")
    parser.set_defaults(run=_run_advise)


def _add_distill(commands: argparse._SubParsersAction) -> None:
    text = "Select a teacher and distil on all rows of a table, and save the student."
    parser = _add(commands, "distill", text, PREFIX_HELP)
    _add_table(parser)
    _add_data(parser)
    _add_folds(parser)
    parser.add_argument(
        "--alone", action="store_true", help="train the student without a teacher, where skcmkd advise recommends that"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.skops", help="where the student goes")
    parser.set_defaults(run=_run_distill)


def _add_predict(commands: argparse._SubParsersAction) -> None:
    text = "Predict from the student's columns alone."
    parser = _add(commands, "predict", text)
    _add_table(parser)
    parser.add_argument("--model", type=Path, required=True, metavar="FILE.skops", help="a student of skcmkd distill")
    parser.add_argument(
        "--out", type=Path, metavar="FILE.csv", help="where the predictions go (default: standard output)"
    )
    parser.set_defaults(run=_run_predict)


def _add_table(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("table", type=Path, metavar="TABLE", help="csv, tsv, txt (also .gz), parquet, h5mu or h5ad")
    parser.add_argument(
        "--split-by",
        default="feature_types",
        metavar="COL",
        help="h5ad: the column of var that names the modality (default: feature_types)",
    )
    names = parser.add_mutually_exclusive_group()
    names.add_argument("--index", metavar="COL", help="the column that names the samples (default: the first)")
    names.add_argument("--no-index", action="store_true", help="number the rows instead")
    parser.add_argument("--separator", type=_separator, metavar="SIGN", help="what separates cells, or the word tab")
    parser.add_argument("--decimal", default=".", choices=[".", ","], help="decimal sign (default: .)")


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--label", metavar="COL", help="the column to be predicted")
    parser.add_argument("--time", metavar="COL", help="in place of --label: time to the event or to the last contact")
    parser.add_argument("--event", metavar="COL", help="with --time: 1 where the event was seen, 0 where censored")
    parser.add_argument(
        "--horizon",
        type=_horizon,
        nargs="+",
        action="extend",
        metavar="TIME",
        help="with --time: predict the risk of the event by then, in the unit of the times; several are allowed",
    )
    parser.add_argument("--student", required=True, metavar="PREFIX", help="the modality that predicts")
    parser.add_argument(
        "--teacher",
        nargs="+",
        action="extend",
        metavar="PREFIX",
        help="candidate teachers (default: all others)",
    )
    parser.add_argument("--groups", metavar="COL", help="rows of a group, such as a patient, are held out together")
    parser.add_argument("--batch", metavar="COL", help="hospital, plate or the like, to check the cohort by")
    parser.add_argument(
        "--keep-na-labels",
        action="store_true",
        help="labels such as None or NA are classes; the label of an empty cell alone is missing",
    )
    parser.add_argument(
        "--model",
        choices=["default", "linear", "network"],
        default="default",
        help="student and teacher (default: those of PairedDistiller, behind an imputer)",
    )
    parser.add_argument("--seed", type=_seed, default=0, help="seed (default: 0)")
    parser.add_argument("--jobs", type=int, default=-1, help="processes (default: -1, one for each core)")


def _add_folds(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folds", type=int, default=5, help="folds whose rows are held out (default: 5)")


def _separator(text: str) -> str:
    sign = "\t" if text in ("tab", "\\t") else text
    if len(sign) != 1 or sign.isalnum() or sign in "\"'\n\r.":
        raise argparse.ArgumentTypeError(f"{text!r} must be one sign, such as ';', or the word tab")
    return sign


def _horizon(text: str) -> float:
    if not is_number(text) or float(text) <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number above 0, in the unit of --time")
    return float(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number from 0 to {2**32 - 1}")
    return int(text)


def _run_demo(options: argparse.Namespace) -> int:
    from ._demo import run_demo

    return run_demo(options)


def _run_advise(options: argparse.Namespace) -> int:
    from ._advise import run_advise

    return run_advise(options)


def _run_distill(options: argparse.Namespace) -> int:
    from ._students import run_distill

    return run_distill(options)


def _run_predict(options: argparse.Namespace) -> int:
    from ._students import run_predict

    return run_predict(options)
