"""Names of this package's classes in saved files: they stay when a class moves, and earlier names are still read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PACKAGE = "skcmkd"
# Raise it when a name in a file changes, be it of a class or of a fitted attribute; EARLIER keeps the former names.
FORMAT = 2
# Name in a file -> where the class is today. These classes are plain Python and run nothing named in a file.
CLASSES = {
    "skcmkd.GroupLogisticRegressionCV": "skcmkd._linear_model._logistic.GroupLogisticRegressionCV",
    "skcmkd.HorizonRisks": "skcmkd.survival._risks.HorizonRisks",
    "skcmkd.LeaveOutRidge": "skcmkd._linear_model._ridge.LeaveOutRidge",
    "skcmkd.NetworkClassifier": "skcmkd.networks._mlp.NetworkClassifier",
    "skcmkd.NetworkRegressor": "skcmkd.networks._mlp.NetworkRegressor",
    "skcmkd.PredictedTeacherFeatures": "skcmkd.paired._predicted_features.PredictedTeacherFeatures",
    "skcmkd.TemperatureScaled": "skcmkd.paired._temperature_scaling.TemperatureScaled",
}


@dataclass(frozen=True)
class Renamed:
    """A class of an earlier format: its name in files of today, and today's name of each renamed attribute."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)


# Format -> name in its files -> name of today.
EARLIER = {
    1: {
        "skcmkd._calibration.TemperatureScaled": Renamed("skcmkd.TemperatureScaled"),
        "skcmkd._networks.NetworkClassifier": Renamed("skcmkd.NetworkClassifier"),
        "skcmkd._networks.NetworkRegressor": Renamed("skcmkd.NetworkRegressor"),
        "skcmkd._ridge.TunedRidge": Renamed(
            "skcmkd.LeaveOutRidge",
            {
                "penalties": "alphas",
                "n_judged": "n_selection_targets",  # stored name
                "medians_": "median_",
                "centre_": "mean_",  # stored name
                "penalty_": "alpha_",
                "n_dimensions_": "effective_dof_",
            },
        ),
        "skcmkd.information._classifier.TunedLogisticRegression": Renamed(
            "skcmkd.GroupLogisticRegressionCV", {"penalties": "Cs", "rotation_": "basis_"}
        ),
    }
}


def write_file_names(schema: Any) -> None:
    """Replace the module paths of this package's classes in a schema of skops by their names in files."""
    names = {path: name for name, path in CLASSES.items()}
    for node in named_nodes(schema):
        if node_name(node) in names:
            _set_name(node, names[node_name(node)])


def read_file_names(schema: Any, file_format: int) -> set[str]:
    """Replace names in files by today's module paths; return this package's names that the format lacks."""
    table = EARLIER.get(file_format) or {name: Renamed(name) for name in CLASSES}
    unknown = set()
    for node in named_nodes(schema):
        name = node_name(node)
        if name in table:
            _set_name(node, CLASSES[table[name].name])
            _rename_attributes(node, table[name].attributes)
        elif name.split(".")[0] == PACKAGE:
            unknown.add(name)
    return unknown


def named_nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """The parts of a schema that name a class or a function."""
    parts = [schema]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            if isinstance(part.get("__module__"), str) and isinstance(part.get("__class__"), str):
                yield part
            parts.extend(part.values())
        elif isinstance(part, list):
            parts.extend(part)


def node_name(node: Mapping[str, Any]) -> str:
    return f"{node['__module__']}.{node['__class__']}"


def _set_name(node: dict[str, Any], name: str) -> None:
    node["__module__"], _, node["__class__"] = name.rpartition(".")


def _rename_attributes(node: dict[str, Any], renamed: Mapping[str, str]) -> None:
    # An object's content is a dict of its attributes, which is a node with a content of its own.
    if renamed and node["__loader__"] == "ObjectNode":
        attributes = node["content"]["content"]
        node["content"]["content"] = {renamed.get(name, name): value for name, value in attributes.items()}
