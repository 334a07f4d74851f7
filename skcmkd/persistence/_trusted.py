"""What a file of a student may name beside the types that skops trusts: closed tables, which no file changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._names import CLASSES, named_nodes, node_name


def _full_names(table: Mapping[str, str]) -> list[str]:
    return [f"{module}.{name}" for module, names in table.items() for name in names.split()]


# Classes in plain Python that run nothing named in the file.
PLAIN_CLASSES = [
    *CLASSES.values(),
    *_full_names(
        {
            "numpy": "dtype number",
            "sklearn._loss.loss": "HalfTweedieLoss HalfTweedieLossIdentity",
            "sklearn.calibration": "_CalibratedClassifier _SigmoidCalibration _TemperatureScaling",
            "sklearn.cluster._bisect_k_means": "_BisectingTree",
            "sklearn.compose._column_transformer": "make_column_selector",
            "sklearn.gaussian_process._gpc": "_BinaryGaussianProcessClassifierLaplace",
            "sklearn.gaussian_process.kernels": "ConstantKernel DotProduct Exponentiation ExpSineSquared Matern "
            "PairwiseKernel Product RBF RationalQuadratic Sum WhiteKernel",
            # skops knows it only where the user has enabled it.
            "sklearn.impute._iterative": "IterativeImputer _ImputerTriplet",
            "sklearn.metrics._scorer": "_CurveScorer _PassthroughScorer _Scorer",
            "sklearn.model_selection._split": "GroupKFold GroupShuffleSplit KFold LeaveOneGroupOut LeaveOneOut "
            "LeavePGroupsOut LeavePOut PredefinedSplit RepeatedKFold RepeatedStratifiedKFold ShuffleSplit "
            "StratifiedGroupKFold StratifiedKFold StratifiedShuffleSplit TimeSeriesSplit",
            "sklearn.multiclass": "_ConstantPredictor",
            "sklearn.neural_network._stochastic_optimizers": "AdamOptimizer SGDOptimizer",
            "sklearn.utils._bunch": "Bunch",
            "sklearn.utils._metadata_requests": "MetadataRequest MethodMetadataRequest",
        }
    ),
]
CHECK_ARRAY = "sklearn.utils.validation.check_array"
# Functions of arrays, which an estimator keeps as the value of a parameter. A file may name them and never call them.
FUNCTIONS = [
    CHECK_ARRAY,
    *_full_names(
        {
            "numpy": "max mean median min",
            "scipy._lib.array_api_compat.numpy._aliases": "asarray",
            "sklearn.cluster._kmeans": "_kmeans_single_elkan _kmeans_single_lloyd",
            "sklearn.feature_selection._mutual_info": "mutual_info_classif mutual_info_regression",
            "sklearn.feature_selection._univariate_selection": "chi2 f_classif f_oneway f_regression r_regression",
            "sklearn.metrics._classification": "accuracy_score balanced_accuracy_score brier_score_loss "
            "cohen_kappa_score d2_brier_score d2_log_loss_score f1_score fbeta_score hamming_loss jaccard_score "
            "log_loss matthews_corrcoef precision_score recall_score zero_one_loss",
            "sklearn.metrics._ranking": "average_precision_score roc_auc_score top_k_accuracy_score",
            "sklearn.metrics._regression": "d2_absolute_error_score explained_variance_score max_error "
            "mean_absolute_error mean_absolute_percentage_error mean_gamma_deviance mean_poisson_deviance "
            "mean_squared_error mean_squared_log_error median_absolute_error r2_score root_mean_squared_error "
            "root_mean_squared_log_error",
            "sklearn.metrics._scorer": "negative_likelihood_ratio positive_likelihood_ratio",
        }
    ),
]
PARTIAL = "functools.partial"
TRUSTED = [*PLAIN_CLASSES, *FUNCTIONS, PARTIAL]
# Compiled classes that use the positions in a file without a check that they exist.
UNSAFE_COMPILED = _full_names(
    {
        "scipy.interpolate._bsplines": "BSpline",
        "scipy.sparse._csc": "csc_array csc_matrix",
        "scipy.sparse._csr": "csr_array csr_matrix",
        "sklearn.ensemble._hist_gradient_boosting.predictor": "TreePredictor",
        "sklearn.metrics._dist_metrics": "BrayCurtisDistance64 CanberraDistance64 ChebyshevDistance64 "
        "DiceDistance64 EuclideanDistance64 HammingDistance64 HaversineDistance64 JaccardDistance64 "
        "MahalanobisDistance64 ManhattanDistance64 MinkowskiDistance64 RogersTanimotoDistance64 "
        "RussellRaoDistance64 SEuclideanDistance64 SokalMichenerDistance64 SokalSneathDistance64",
        "sklearn.neighbors._ball_tree": "BallTree",
        "sklearn.neighbors._kd_tree": "KDTree",
        "sklearn.tree._tree": "Tree",
    }
)


def misused_names(schema: Any) -> set[str]:
    """Names of ``FUNCTIONS`` that a schema of skops would call, and a partial of anything but ``check_array``.

    A part that skops makes from a name and arguments calls whatever the name means. HistGradientBoosting keeps a
    partial of ``check_array`` for tables with categories.
    """
    misused = set()
    for node in named_nodes(schema):
        name, loader = node_name(node), node.get("__loader__")
        if name in FUNCTIONS and loader != "FunctionNode":
            misused.add(name)
        if (name == PARTIAL or loader == "PartialNode") and not _checks_arrays(node):
            misused.add(name)
    return misused


def _checks_arrays(partial: Mapping[str, Any]) -> bool:
    function = partial["content"]["func"]
    return (
        partial["__loader__"] == "PartialNode"
        and function["__loader__"] == "FunctionNode"
        and node_name(function) == CHECK_ARRAY
    )
