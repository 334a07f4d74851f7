"""Who may import whom: an import goes to a lower row, or stays within the row, never up."""

import ast
from pathlib import Path

import pytest

import skcmkd

ROOT = Path(skcmkd.__file__).parent
ROWS = [
    {"cli", "__main__"},
    {
        "_selector",
        "_paired",
        "_paired_regressor",
        "_mutual",
        "_unpaired",
        "_display",
        "_gain_display",
        "_alignment_display",
        "_matrix",
        "_report",
        "_report_display",
    },
    {
        "_alignment_choice",
        "_student_predictions",
        "_persistence",
        "_onnx",
        "_distillation",
        "_paired_input",
        "_report_cohort",
        "_report_folds",
        "_report_scores",
    },
    {"_material"},
    {
        "_study",
        "_candidates",
        "_judging",
        "_criteria",
        "_representations",
        "_residuals",
        "_opinions",
        "_weight_trial",
        "_teachers",
        "_targets",
        "_cohorts",
        "_side_data",
        "_soft_targets",
        "_side_by_side",
        "_networks",
        "_network_base",
        "_network_soft_targets",
        "_network_training",
        "_objectives",
        "_teacher_features",
    },
    {
        "information",
        "_losses",
        "_batch_losses",
        "_objective_loss",
        "_modules",
        "_training",
        "_network_state",
        "_costs",
        "_transport",
        "_transport_solvers",
        "_gromov",
        "_debiased_cost",
        "_alignment",
        "_aligned_loss",
        "_lookahead",
        "_cross_fitting",
        "_folds",
        "_pairs",
        "_fitting",
        "_soft_logistic",
        "_calibration",
        "_resampling",
        "_ridge",
        "datasets",
    },
    {
        "_columns",
        "_row_values",
        "_table_values",
        "_tables",
        "_validation",
        "_frames",
        "_input_checks",
        "_documentation",
        "_atomic",
        "_progress",
        "_parallel",
    },
]
HEIGHT = {name: -row for row, names in enumerate(ROWS) for name in names}
TORCH = {
    "_losses",
    "_batch_losses",
    "_objective_loss",
    "_modules",
    "_training",
    "_network_state",
    "_alignment",
    "_aligned_loss",
    "_lookahead",
}
OPTIMAL_TRANSPORT = {"_transport_solvers"}
PRIVATE_SCIKIT_LEARN = {"_validation"}
FILES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


def room(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path):
    """Every import of a file, also inside functions, as (module, names); type-checking imports do not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or ""), [alias.name for alias in node.names]


def own_rooms(path):
    depth = len(path.relative_to(ROOT).parts)
    for module, _ in imports(path):
        level = len(module) - len(module.lstrip("."))
        if level == depth:
            yield module.lstrip(".").split(".")[0]


def test_every_file_has_a_row():
    assert {room(path) for path in FILES} == set(HEIGHT)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down(path):
    here = room(path)
    for other in own_rooms(path):
        assert HEIGHT[other] <= HEIGHT[here], f"{here} imports {other}"


def test_estimators_do_not_import_each_other():
    estimators = {"_selector", "_paired", "_paired_regressor", "_mutual", "_unpaired"}
    for here in estimators:
        assert not {*estimators, "_display"} & set(own_rooms(ROOT / f"{here}.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_torch_and_private_scikit_learn_stay_in_their_rooms(path):
    for module, names in imports(path):
        if module.split(".")[0] in ("torch", "skorch"):
            assert room(path) in TORCH, f"{path.name} imports {module}"
        if module.split(".")[0] == "ot":
            assert room(path) in OPTIMAL_TRANSPORT, f"{path.name} imports {module}"
        if module.split(".")[0] == "sklearn":
            private = any(part.startswith("_") for part in [*module.split("."), *names])
            assert not private or room(path) in PRIVATE_SCIKIT_LEARN, f"{path.name} imports {module}, {names}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_tests_mirror_the_package(path):
    if path.name == "__init__.py":
        return
    parts = path.relative_to(ROOT).parts
    name = parts[-1].removesuffix(".py").strip("_")
    assert (Path(__file__).parent.joinpath(*parts[:-1]) / f"test_{name}.py").exists()
