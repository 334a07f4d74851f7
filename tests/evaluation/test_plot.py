import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from skcmkd import DistillationReport

RANDOM = np.random.RandomState(0)
MODELS = ["majority class", "student alone", "distilled", "teacher", "shuffled teacher"]
NAMES = np.array(["healthy", "adrenocortical carcinoma, oncocytic variant"])


@pytest.fixture
def report():
    columns = pd.MultiIndex.from_product([MODELS, ["accuracy", "log_loss", "brier"]], names=["model", "score"])
    rows = pd.DataFrame(RANDOM.rand(40, 15), columns=columns)
    rows["teacher", "brier"] = rows["student alone", "brier"] - 1 + 0.01 * RANDOM.rand(40)
    rows["shuffled teacher", "brier"] = rows["student alone", "brier"] + 1 + 0.01 * RANDOM.rand(40)
    agreement = pd.DataFrame({("distilled", "kl"): RANDOM.rand(40)}).rename_axis(columns=["model", "measure"])
    alphas = pd.DataFrame({"distilled": [0.5], "shuffled teacher": [0.5]})
    yield DistillationReport(rows, agreement, alphas, NAMES[np.arange(40) % 2], classes=np.sort(NAMES))
    plt.close("all")


def drawn_gains(ax):
    """Positions (gain, height) of the markers."""
    return sorted((float(x), int(y)) for bars in ax.containers for x, y in bars[0].get_xydata())


def names_of(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def test_the_report_as_text(report):
    verdict, head, columns, *lines = repr(report).splitlines()
    assert verdict == report.verdict().line
    assert head == "DistillationReport, gains over the student alone with 95 % intervals"
    assert columns.split() == ["rows", "accuracy", "brier"]
    assert [line.split("  ")[0] for line in lines] == MODELS
    assert "gain" not in lines[1]
    expected = report.compare("distilled").loc["brier"]
    assert lines[2].endswith(f"gain {expected['gain']:+.3f} ({expected['lower']:+.3f} to {expected['upper']:+.3f})")
    assert f"{report.row_scores_['distilled', 'accuracy'].mean():.3g}, gain" in lines[2]


def test_a_model_without_scores_has_no_numbers_in_the_text(report):
    rows = report.row_scores_.copy()
    rows.loc[:, (slice(None), ["log_loss", "brier"])] = np.nan
    rows["teacher"] = np.nan
    text = repr(DistillationReport(rows, report.row_agreement, report.alphas_, report.y, classes=report.classes))
    assert "brier" not in text
    (line,) = [line for line in text.splitlines() if line.startswith("teacher")]
    assert line.split()[1:] == ["0", "-"]


def test_every_gain_is_drawn_where_it_belongs(report):
    axes = report.plot().axes_
    frame = report.to_frame()
    for ax, score, scale in ((axes[0, 0], "accuracy", 100), (axes[0, 1], "brier", 1)):
        expected = [(scale * frame.loc[model, f"{score}_gain"], 2 - row) for row, model in enumerate(MODELS[2:])]
        np.testing.assert_allclose(drawn_gains(ax), sorted(expected))
    assert names_of(axes[0, 0]) == ["shuffled teacher", "teacher", "distilled"]
    assert axes[0, 1].get_xlabel() == "gain in Brier score, squared probability"
    classes = report.per_class_.loc["distilled"]
    expected = [(100 * gain, 1 - row) for row, gain in enumerate(classes["recall_gain"])]
    np.testing.assert_allclose(drawn_gains(axes[1, 0]), sorted(expected))
    assert report.figure_ is axes[0, 0].figure


def test_the_baseline_stands_in_the_titles(report):
    frame = report.to_frame()
    titles = [ax.get_title(loc="left").splitlines() for ax in report.plot().axes_[0]]
    for model, name in (("student alone", "Student alone"), ("majority class", "Majority class")):
        assert f"{name}: accuracy {100 * frame.loc[model, 'accuracy']:.1f} %" in titles[0]
        assert f"{name}: Brier score {frame.loc[model, 'brier']:.3g}" in titles[1]


def test_styles_say_what_the_interval_says(report):
    ax = report.plot().axes_[0, 1]
    labels = {bars.get_label(): bars[0].get_xydata()[:, 1].tolist() for bars in ax.containers}
    assert labels["better"] == [1]
    assert labels["worse"] == [0]
    assert [text.get_text() for text in report.figure_.legends[0].get_texts()] == [
        "better",
        "worse",
        "interval holds 0",
    ]
    assert "95 % intervals" in report.figure_.get_suptitle()


def test_long_names_are_cut_and_carry_their_rows(report):
    names = names_of(report.plot().axes_[1, 0])
    assert names == ["healthy (20)", "adrenocortical carcinoma, o… (20)"]


def test_nothing_overlaps_or_leaves_the_figure(report):
    report.plot()
    report.figure_.canvas.draw()
    frame = report.figure_.bbox
    boxes = [ax.get_tightbbox() for ax in report.axes_.flat]
    for box in boxes:
        assert box.x0 >= frame.x0 - 1
        assert box.x1 <= frame.x1 + 1
    for first in range(4):
        for second in range(first):
            assert not boxes[first].padded(-2).overlaps(boxes[second].padded(-2))


def test_axes_may_be_given(report):
    figure, axes = plt.subplots(2, 2)
    assert report.plot(axes).figure_ is figure
    assert (report.axes_ == axes).all()
    with pytest.raises(ValueError, match="axes holds 3 axes and the report needs 2 x 2"):
        report.plot(axes.ravel()[:3])


def test_a_continuous_target_has_one_row_of_panels():
    columns = pd.MultiIndex.from_product([["mean", *MODELS[1:]], ["squared_error"]], names=["model", "score"])
    rows = pd.DataFrame(RANDOM.rand(30, 5), columns=columns)
    agreement = pd.DataFrame({("distilled", "squared_difference"): RANDOM.rand(30)})
    agreement = agreement.rename_axis(columns=["model", "measure"])
    alphas = pd.DataFrame({"distilled": [0.5], "shuffled teacher": [0.5]})
    report = DistillationReport(rows, agreement, alphas, RANDOM.randn(30)).plot()
    assert report.axes_.shape == (1, 2)
    assert [ax.get_xlabel() for ax in report.axes_.flat] == [
        "gain in $R^2$, share of the variance",
        "gain in squared error, squared units of the target",
    ]
    plt.close("all")


def test_a_teacher_of_another_cohort_has_scores_and_no_gain(report):
    """Its row stands in the text, and is not drawn."""
    rows = report.row_scores_.drop(columns="teacher", level="model")
    scores = pd.DataFrame({"accuracy": [1.0, 1, 0, 1], "log_loss": 0.25, "brier": 0.5})
    unpaired = DistillationReport(rows, None, report.alphas_, report.y, classes=report.classes, teacher_scores=scores)
    assert list(unpaired.to_frame().index) == MODELS
    (line,) = [line for line in repr(unpaired).splitlines() if line.startswith("teacher")]
    assert line.split()[1:] == ["4", "0.75", "0.5"]
    assert names_of(unpaired.plot().axes_[0, 0]) == ["shuffled teacher", "distilled"]
    assert unpaired.agreement_ is None
    with pytest.raises(ValueError, match="model='teacher' must be one of"):
        unpaired.compare("teacher")
