import numpy as np
import pandas as pd
import pytest

from skcmkd.cli import main
from skcmkd.cli._errors import DataError, UsageError
from skcmkd.cli._options import make_parser
from skcmkd.cli._outcome import is_outcome_wanted, load_follow_up, make_follow_up
from skcmkd.survival import horizon_labels

RISK = ["--time", "os_days", "--event", "died", "--horizon", "1000"]


def parse(path, *arguments):
    return make_parser().parse_args(["advise", str(path), "--student", "panel_", *arguments])


def read(table, horizon=1000, n_folds=2, **options):
    return make_follow_up(table, "os_days", "died", "panel_", **options).at(horizon, n_folds)


def test_rows_of_a_horizon_are_those_of_the_library(follow_up_table):
    """Censored rows without RNA have a part in the weights, and are no pairs; rows without an outcome are pairs."""
    table = follow_up_table
    study = read(table)
    seen = table.dropna(subset=["os_days"])
    labels = horizon_labels(seen["os_days"], seen["died"], 1000)
    assert list(study.X.index) == list(seen.index)
    np.testing.assert_array_equal(study.outcome.time, seen["os_days"])
    np.testing.assert_array_equal(study.outcome.event, seen["died"] == 1)
    assert list(study.data.X.index) == list(seen.index[labels.known])
    np.testing.assert_array_equal(study.data.y, labels.label[labels.known])
    np.testing.assert_allclose(study.data.sample_weight, labels.sample_weight[labels.known], rtol=1e-12)
    has_rna = table["rna_signal_0"].notna()
    censored = table.index.isin(seen.index[~labels.known])
    assert (censored & ~has_rna).any()
    expected = table.index[(censored | table["os_days"].isna()) & has_rna]
    assert list(study.data.unlabeled.index) == list(expected)
    assert list(study.unlabeled_pairs[0].index) == list(table.index[-10:])
    assert study.groups is None


def test_groups_go_with_the_rows(follow_up_table):
    table = follow_up_table.assign(patient=np.arange(120) // 2)
    study = read(table, groups="patient")
    assert list(study.groups) == list(table.loc[study.X.index, "patient"].astype(str))
    assert list(study.data.groups) == list(table.loc[study.data.X.index, "patient"].astype(str))
    assert list(study.unlabeled_pairs[1]) == list(table.loc[table.index[-10:], "patient"].astype(str))


@pytest.mark.parametrize("teachers", [None, ["rna_"]])
def test_the_outcome_never_becomes_a_feature(follow_up_table, tmp_path, teachers):
    """Not with a prefix that selects it, nor where the other columns are grouped by their prefixes."""
    names = {"os_days": "panel_days", "died": "rna_died"}
    table = follow_up_table.rename(columns=names).assign(panel_site="A", rna_patient=range(120), os_days=1.5)
    table["panel_site"] = np.where(np.arange(120) % 2, "A", "B")
    outcome = {"groups": "rna_patient", "batch": "panel_site"}
    study = make_follow_up(table, "panel_days", "rna_died", "panel_", teachers, **outcome).at(1000, 2)
    used = {"panel_signal_0", "panel_signal_1", "panel_noise_0", "rna_signal_0", "rna_signal_1", "rna_noise_0"}
    if teachers is None:
        used |= {"os_days"}  # a column of another name is one that the user is told of
    for columns in (study.X, study.data.X, study.data.unlabeled, study.unlabeled_pairs[0]):
        assert set(columns.columns) <= used
    path = tmp_path / "table.csv"
    order = ["panel_days", "rna_died", *[name for name in table if name not in ("panel_days", "rna_died")]]
    table[order].to_csv(path, index=False)  # the first column is the time, and names no samples
    arguments = ["--time", "panel_days", "--event", "rna_died", "--horizon", "1000", "--groups", "rna_patient"]
    arguments += ["--batch", "panel_site", "--no-index", *([] if teachers is None else ["--teacher", *teachers])]
    read_back = load_follow_up(parse(path, *arguments)).at(1000, 2)
    assert set(read_back.X.columns) <= used
    np.testing.assert_array_equal(read_back.outcome.time, study.outcome.time)


def test_a_copy_of_the_time_is_named_as_a_leak(follow_up_table):
    table = follow_up_table.assign(rna_days=follow_up_table["os_days"].fillna(1))
    assert "column 'rna_days' tells the label alone" in read(table).data.leaks[0]


def test_written_in_other_ways(follow_up_table, tmp_path):
    expected = read(follow_up_table)
    table = follow_up_table.assign(died=follow_up_table["died"].map({1.0: "TRUE", 0.0: "FALSE"}))
    table.to_csv(tmp_path / "t.csv", sep=";", decimal=",", index_label="sample")
    options = parse(tmp_path / "t.csv", *RISK, "--separator", ";", "--decimal", ",")
    study = load_follow_up(options).at(1000, 2)
    np.testing.assert_array_equal(study.outcome.time, expected.outcome.time)
    np.testing.assert_array_equal(study.outcome.event, expected.outcome.event)
    pytest.importorskip("pyarrow")
    table = follow_up_table.assign(died=follow_up_table["died"].astype("boolean"))
    table.to_parquet(tmp_path / "t.parquet")
    study = load_follow_up(parse(tmp_path / "t.parquet", *RISK)).at(1000, 2)
    np.testing.assert_array_equal(study.outcome.event, expected.outcome.event)


# Mistakes


def change(column, row, value):
    return lambda table: table.assign(**{column: table[column].astype(object)}).pipe(
        lambda t: t.assign(**{column: [*t[column][:row], value, *t[column][row + 1 :]]})
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            change("os_days", 3, -5),
            r"column 'os_days', row 4 \(sample 'S003'\) holds '-5.0'; 1 of 110 times .* mend it",
        ),
        (change("os_days", 3, "soon"), "holds 'soon'; 1 of 110 times are negative or no number"),
        (change("os_days", 3, np.inf), "holds 'inf'; 1 of 110"),
        (
            change("died", 0, "dead"),
            r"--event: .* row 1 \(sample 'S000'\) holds 'dead'.*has '0.0', '1.0', 'dead'. Write 1",
        ),
        (change("died", 0, 2), "holds '2'. An event is 1 where it was seen and 0"),
        (change("died", 0, None), "'os_days', row 1 .* holds .* and 'died' is empty there; 1 row .* Fill both in"),
        (change("os_days", 0, None), "'died', row 1 .* and 'os_days' is empty there; 1 row"),
        (lambda t: t.assign(died=t["died"] * 0), "event is 0 in all 110 rows: all are censored.*Check that 1 marks"),
        (lambda t: t.assign(os_days=None, died=None), "are empty in all 120 rows: there is nothing to learn from"),
        (lambda t: t.drop(columns="died"), "--event 'died' is no column of the table"),
        (lambda t: t.rename(columns={"os_days": "OS_days"}), "--time 'os_days' is no column .* mean 'OS_days'"),
    ],
    ids=range(11),
)
def test_outcomes_at_fault(follow_up_table, changed, message):
    with pytest.raises(DataError, match=message):
        read(changed(follow_up_table))


@pytest.mark.parametrize(
    ("horizon", "message"),
    [
        (1e6, r"--horizon 1e\+06: horizon=1e\+06 is beyond the last time, .*Give a horizon of at most"),
        (1e-3, "No event came by horizon=0.001; the first of .* Give a later horizon"),
        (
            5,
            r"--horizon 5: \d rows? with the event by then .* a later horizon or more rows\. The times go from \S+ to",
        ),
        (6000, "--horizon 6000: .* rows? followed to it without one .* Give an earlier horizon"),
    ],
)
def test_horizons_at_fault(follow_up_table, horizon, message):
    with pytest.raises(DataError, match=message):
        read(follow_up_table, horizon, n_folds=7)


def test_too_few_rows_of_a_teacher_name_the_horizon(follow_up_table):
    table = follow_up_table
    table.loc[table.index[10:], ["rna_signal_0", "rna_signal_1", "rna_noise_0"]] = np.nan
    with pytest.raises(DataError, match=r"--horizon 1000: no teacher is left\..*Or give another horizon\."):
        read(table, n_folds=5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*RISK, "--label", "y"], "--label 'y' and --time, --event and --horizon were given: .* Leave out --label, or"),
        (["--label", "y", "--horizon", "5"], "--label 'y' and --horizon were given"),
        (RISK[:4], "--time and --event need --horizon TIME, too"),
        (["--horizon", "5"], "--horizon needs --time COL and --event COL, too"),
        ([], "it is not said what to predict. Give --label COL, or --time COL, --event COL and --horizon TIME"),
        (["--time", "a", "--event", "a", "--horizon", "5"], "--time and --event both name 'a'. Give a column for each"),
        ([*RISK, "500", "--exit-code"], "--exit-code is the code of one verdict, and --horizon names several"),
    ],
    ids=range(7),
)
def test_options_at_fault(follow_up_path, capsys, arguments, message):
    assert main(["advise", str(follow_up_path), "--student", "panel_", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert pd.Series([err]).str.contains(message)[0], err


def test_options_that_are_right(follow_up_path):
    assert is_outcome_wanted(parse(follow_up_path, *RISK))
    assert not is_outcome_wanted(parse(follow_up_path, "--label", "y"))
    with pytest.raises(UsageError):
        is_outcome_wanted(parse(follow_up_path))


@pytest.mark.parametrize("value", ["0", "-5", "soon", "inf"])
def test_a_horizon_is_a_number_above_0(follow_up_path, capsys, value):
    with pytest.raises(SystemExit) as ended:
        parse(follow_up_path, *RISK[:4], "--horizon", value)
    assert ended.value.code == 2
    assert "must be a number above 0, in the unit of --time" in capsys.readouterr().err
