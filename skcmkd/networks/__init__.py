"""Neural networks behind plain scikit-learn estimators."""

from ._mlp import NetworkClassifier, NetworkRegressor

__all__ = ["NetworkClassifier", "NetworkRegressor"]
