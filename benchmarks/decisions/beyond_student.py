"""Does the teacher add anything beyond the student? The selector's ``added_p_value`` beside a test made for it.

Size where T is the student's table mixed, with noise of its own (T = S A + 2 e: independent of the class given S);
power where T sees the same hidden scores as S, with twice the noise or with as much. The projected covariance measure
is that of ``projected_covariance.py``, with one split into halves and with the mean of six. About three minutes of one
core::

    python benchmarks/decisions/beyond_student.py
"""

import warnings

import pandas as pd
from gains import RESULTS
from projected_covariance import pcm_p_value
from simulated_views import STUDENT, STUDENT_NOISE, draw_views

from skcmkd import CCHSelector

LEVEL = 0.05
# By name, what ``draw_views`` takes, and the number of draws.
TEACHERS = {"copy": ("copy", 200), "weak": (4.0, 100), "as good as the student": (STUDENT_NOISE, 100)}
SIZES = (100,)


def p_values(teacher: float | str, n_rows: int, seed: int) -> dict[str, float]:
    """P-values of one draw."""
    views = draw_views(n_rows, seed, {"teacher": teacher})
    selector = CCHSelector(views.modalities, STUDENT, criterion="added", n_subsamples=100, random_state=0)
    found = selector.fit(views.X, views.y).results_.loc["teacher"]
    every = slice(None)
    T, S = views.take(every, "teacher").to_numpy(), views.take(every, STUDENT).to_numpy()
    return {
        "added": found["added"],
        "added_p_value": found["added_p_value"],
        "pcm_p_value": pcm_p_value(T, S, views.y, 1, seed),
        "pcm_6_p_value": pcm_p_value(T, S, views.y, 6, seed),
    }


def summarize(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean of what is added, and the share of the draws that each test rejects at 5 %."""
    keys = ["teacher", "n_rows"]
    table = rows.groupby(keys, sort=False)["added"].agg(draws="size", added="mean")
    rejected = rows.filter(like="p_value").le(LEVEL).join(rows[keys]).groupby(keys, sort=False).mean()
    return table.join(rejected.rename(columns=lambda name: name.removesuffix("_p_value") + " rejects"))


def main() -> None:
    """Draw, test, store."""
    warnings.simplefilter("ignore", UserWarning)
    rows = []
    for n_rows in SIZES:
        for name, (teacher, n_draws) in TEACHERS.items():
            for seed in range(n_draws):
                rows.append({"teacher": name, "n_rows": n_rows, "seed": seed} | p_values(teacher, n_rows, seed))
            pd.DataFrame(rows).to_csv(RESULTS / "beyond_student.csv", index=False, float_format="%.4g")
            print(summarize(pd.DataFrame(rows)).round(3).to_string(), flush=True)


if __name__ == "__main__":
    main()
