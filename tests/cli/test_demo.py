from functools import partial

import numpy as np
import pandas as pd
import pytest

from skcmkd import CCHSelector, DistillationReport, PairedDistiller
from skcmkd.cli import _demo as program
from skcmkd.cli import main
from skcmkd.cli._options import make_parser
from skcmkd.networks._mlp import NetworkClassifier


def test_means_and_errors_are_those_of_the_rows(capsys):
    models = ["majority class", "student alone", "distilled", "teacher", "shuffled teacher"]
    columns = pd.MultiIndex.from_product([models, ["accuracy", "log_loss", "brier"]], names=["model", "score"])
    rows = pd.DataFrame(np.random.RandomState(0).randint(2, size=(40, 15)).astype(float), columns=columns)
    rows.loc[:9, "teacher"] = np.nan
    alphas = pd.DataFrame({"distilled": [0.25, 0.0, 0.25], "shuffled teacher": [0.25, 0.0, 0.25]})
    report = DistillationReport(rows, None, alphas, np.arange(40) % 2, classes=np.arange(2))
    scores = program.print_report(program.Console(width=108), report, "teacher (rna)", "title")
    teacher = rows["teacher", "accuracy"].dropna()
    assert scores.loc["teacher (rna)"].tolist() == pytest.approx([teacher.mean(), teacher.std() / np.sqrt(30)])
    assert list(scores.index) == ["majority class", "student alone", "distilled", "teacher (rna)", "shuffled teacher"]
    out = capsys.readouterr().out
    assert "Teacher's weight: 0 (1 times), 0.25 (2 times)" in out
    assert "teacher (rna)       30" in out
    assert report.verdict().line in out.replace("\n", " ")


def test_draws_share_no_row(monkeypatch):
    """100 labeled rows and 1000 test rows in each of them, and 900 pairs that are in none."""
    calls = []

    def stop(estimator, X, y, *, unlabeled_pairs, cv, **params):
        calls.append((estimator, X, y, unlabeled_pairs[0], list(cv.split(X, y))))
        raise KeyboardInterrupt

    monkeypatch.setattr(DistillationReport, "from_estimator", stop)
    monkeypatch.setattr(program.CCHSelector, "fit", lambda self, X, y, unlabeled_pairs: self)
    monkeypatch.setattr(program, "decision_table", lambda selector: program.modality_table(*calls_of_table))
    calls_of_table = (pd.DataFrame({"a": [1.0]}), np.array(["b"]), {"a": ["a"]}, "a")
    options = make_parser().parse_args(["demo", "--repeats", "3"])
    with pytest.raises(KeyboardInterrupt):
        program.run_digits(program.Console(), options)
    ((estimator, X, y, pairs, splits),) = calls
    assert isinstance(estimator, PairedDistiller)
    assert (len(X), len(pairs), len(splits)) == (1100, 900, 3)
    assert not set(X.index) & set(pairs.index)
    for train, test in splits:
        assert (len(train), len(test)) == (100, 1000)
        assert not set(train) & set(test)
        assert set(np.bincount(np.unique(y, return_inverse=True)[1][train])) == {10}


def test_the_main_job(tmp_path, monkeypatch, capsys):
    """The whole program with two repeats, fewer folds, pairs, columns and half-samples, and short training."""
    for load in (program.load_adrenal_carcinoma, program.load_digit_views):
        monkeypatch.setattr(program, load.__name__, narrow(load))
    for name, value in (("N_FOLDS", 2), ("N_PAIRS", 200), ("N_TEST", 500)):
        monkeypatch.setattr(program, name, value)
    monkeypatch.setattr(program, "CCHSelector", partial(CCHSelector, n_subsamples=5, n_repeats=1))
    short = type("Short", (NetworkClassifier,), {"__init__": short_training})
    monkeypatch.setattr("skcmkd._distillation._delegate.ClassifierStudentMixin._default_student", short)
    assert main(["demo", "--repeats", "2", "--jobs", "1", "--figures", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    for part in (
        "Modalities",
        "Who should teach?",
        "student alone",
        "distilled",
        "teacher (rna",
        "protein",
        "shuffled teacher",
    ):
        assert part in out
    assert "Teacher's weight" in out
    for name in ("selection.png", "gain.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def narrow(load):
    """The loader, with at most 10 columns of each modality."""

    def load_narrow():
        bunch = load()
        bunch.modalities = {name: columns[:10] for name, columns in bunch.modalities.items()}
        return bunch

    return load_narrow


def short_training(self, hidden_layer_sizes=(16,), *, random_state=None):
    NetworkClassifier.__init__(self, hidden_layer_sizes, max_epochs=3, linear_weight=0, random_state=random_state)


def test_one_repeat_has_no_standard_error(capsys):
    assert main(["--repeats", "1"]) == 2
    assert "at least 2 are needed" in capsys.readouterr().err
