import numpy as np

from skcmkd.cli import _demo as program
from skcmkd.cli import main
from skcmkd.networks._mlp import NetworkClassifier


def test_summary_is_mean_and_paired_gain():
    results = [(0.6, None), (0.7, 0.5), (0.8, None), (0.8, 0.0)]
    table = program.summarize(results, [program.ALONE, program.DISTILLED], variance_factor=0.5)
    np.testing.assert_allclose(table["mean"], [0.7, 0.75])
    np.testing.assert_allclose(table.loc[program.DISTILLED, "gain"], 0.05)
    gains = np.array([0.1, 0.0])
    np.testing.assert_allclose(table.loc[program.DISTILLED, "gain_standard_error"], gains.std(ddof=1) / np.sqrt(2))


def test_draws_share_no_row():
    draw = program.sample_digits(program.load_digit_views(), 0)
    parts = [draw.labelled[0].index, draw.unlabeled.index, draw.test[0].index]
    assert [len(part) for part in parts] == [100, 900, 1000]
    assert len(set().union(*parts)) == 2000


def test_the_main_job(tmp_path, monkeypatch, capsys):
    """The whole program with two repeats and short training."""
    monkeypatch.setattr(program, "NetworkClassifier", lambda **given: NetworkClassifier(max_epochs=3, **given))
    short = type("Short", (NetworkClassifier,), {"__init__": short_training})
    monkeypatch.setattr("skcmkd._distillation._delegate.ClassifierStudentMixin._default_student", short)
    assert main(["demo", "--repeats", "2", "--jobs", "1", "--figures", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    for part in ("Modalities", "Who should teach?", "student alone", "distilled", "teacher (rna)", "protein"):
        assert part in out
    assert "Teacher's weight chosen by cross-validation" in out
    for name in ("selection.png", "gain.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def short_training(self, hidden_layer_sizes=(16,), *, random_state=None):
    NetworkClassifier.__init__(self, hidden_layer_sizes, max_epochs=3, random_state=random_state)


def test_one_repeat_has_no_standard_error(capsys):
    assert main(["--repeats", "1"]) == 2
    assert "at least 2 are needed" in capsys.readouterr().err
