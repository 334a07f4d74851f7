"""A small problem for the tests of cross-fitted teachers and of the choice of alpha."""

import numpy as np

from skcmkd._distillation._targets import ClassificationTarget
from skcmkd._model_selection._folds import stratified_folds
from skcmkd._validation._table_checks import observed_rows
from skcmkd.paired._cross_fitted_teachers import CrossFittedTeachers
from skcmkd.paired._data import PairedData
from skcmkd.paired._pooling import AveragePool, fixed_weights
from skcmkd.paired._teachers import TeacherInputs

TARGET = ClassificationTarget(np.array([0, 1]))


def make_data():
    """40 labeled rows, of which the first five have no teacher, and seven unlabeled pairs."""
    rng = np.random.RandomState(0)
    y = rng.randint(2, size=40)
    X = rng.normal(size=(40, 2)) + y[:, None]
    T = rng.normal(size=(40, 3)) + 2 * y[:, None]
    T[:5] = np.nan
    return PairedData(X, y, np.ones(40, dtype=bool), T, rng.normal(size=(7, 2)), rng.normal(size=(7, 3)))


def make_teacher(model, data, columns=slice(None), observed=None):
    T, T_unlabeled = data.X_teacher[:, columns], data.X_teacher_unlabeled[:, columns]
    observed = observed_rows(T) if observed is None else observed
    return TeacherInputs("", model, T, observed, T_unlabeled, np.ones(len(T_unlabeled), dtype=bool))


def cross_fit(
    model,
    data,
    teachers=None,
    target=TARGET,
    fold_ids=None,
    pooling=None,
    needs_validation=True,
    n_jobs=None,
    **settings,
):
    """Teachers fitted on four folds; one teacher on all columns unless ``teachers`` are given."""
    teachers = [make_teacher(model, data)] if teachers is None else teachers
    if fold_ids is None:
        fold_ids = stratified_folds(data.y if target is TARGET else np.arange(len(data.y)) % 4, 4)
    if pooling is None:

        def pooling(predictions, y, sample_weight):
            return AveragePool(fixed_weights("equal", range(len(predictions))))

    fitted = CrossFittedTeachers(target, teachers, pooling, **settings)
    return fitted.fit(data, fold_ids, needs_validation=needs_validation, n_jobs=n_jobs, verbose=False)
