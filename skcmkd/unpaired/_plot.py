"""Display of an alignment with another cohort; matplotlib is imported when something is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.decomposition import PCA
from sklearn.utils.validation import check_is_fitted

from .._utils._plotting import escape_label
from .._validation._sklearn import ArrayLike, check_tuple, default_output
from .._validation._tables import Table, take_rows
from .._validation._target_checks import pop_groups
from ._alignment_measures import class_transport_plan, project_to_teacher
from ._plot_input import check_history, check_rows, rebuild_cohort, sample_rows

if TYPE_CHECKING:
    from ._classifier import UnpairedDistiller


COMPONENTS = ["component_1", "component_2"]
# Okabe and Ito (2008) without yellow, which is faint on white, and five markers: the first 35 classes have different
# pairs, and adjacent ones differ in both.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
GRAY = "#767676"
MARKERS = ("o", "s", "^", "D", "v")
CURVES = {
    "train_loss": ("training", "#0072B2", "-"),
    "train_distillation": ("distillation", "#0072B2", "-"),
    "valid_loss": ("held-out rows", "#000000", ":"),
    "train_alignment": ("alignment", "#D55E00", "--"),
}
MAX_ROWS = 500
MAX_NUMBERS = 12
MAX_TICKS = 15
MAX_LINES = 20


class AlignmentDisplay:
    """Show an alignment with the teacher's cohort: losses, transport plan, both cohorts before and after.

    Four panels. The losses of each epoch. The exact transport plan P from the student's rows to the teacher's, summed
    by pairs of classes: entry (c, d) is the sum of P_ij over student rows i of class c and teacher rows j of class d;
    mass off the diagonal goes to another class. Both cohorts in two dimensions, with the student trained alone and
    as the distiller trained it.

    Parameters
    ----------
    history : DataFrame
        ``UnpairedDistiller.history_``.
    plan : DataFrame of shape (n_shared_classes, n_shared_classes)
        Mass from each of the student's classes (rows) to each of the teacher's (columns); sums to 1.
    before, after, teacher : DataFrame with columns ``component_1``, ``component_2`` and ``label``
        Coordinates and class of the student's rows, trained alone and with the teacher, and of the teacher's.
    alignment : str, default="aligned"
        What the student was trained with beside the labels, for the title: ``UnpairedDistiller.training_mode_``.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (4,)
        Where it was drawn: losses, plan, before, after.
    figure_ : matplotlib Figure
        The figure that holds them.

    See Also
    --------
    UnpairedDistiller : Its ``alignment_metrics_`` holds the terms of the bound in numbers, on held-out rows.

    Notes
    -----
    A student's features are mapped to the teacher's space as for ``alignment_metrics_``: by ridge regression to the
    prototypes of the classes, fitted to the student's training rows. They lie in the span of the prototypes: those of
    two classes on a line. The plane is that of the first two principal components of the teacher's features; other
    directions are not drawn. The classes of a student's training rows lie apart with or without a teacher: give
    ``test_data`` to see the effect of the alignment. The alignment's curve is in mean costs; those of "joint" and
    "bilevel" contain a label term in nats as well, and "published" does not divide its costs.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skcmkd import AlignmentDisplay, NetworkClassifier, UnpairedDistiller
    >>> X, y = load_iris(return_X_y=True)
    >>> panel, teacher_data = X[::2, :2], (X[1::2], y[1::2])
    >>> distiller = UnpairedDistiller(
    ...     NetworkClassifier(max_epochs=10), LogisticRegression(), alignment="prototypes", check_alignment=False,
    ...     random_state=0,
    ... ).fit(panel, y[::2], teacher_data=teacher_data)
    >>> display = AlignmentDisplay.from_estimator(distiller, panel, y[::2], teacher_data=teacher_data)
    >>> display.plan.shape
    (3, 3)
    """

    def __init__(
        self,
        history: pd.DataFrame,
        plan: pd.DataFrame,
        before: pd.DataFrame,
        after: pd.DataFrame,
        teacher: pd.DataFrame,
        alignment: str = "aligned",
    ) -> None:
        self.history = history
        self.plan = plan
        self.before = before
        self.after = after
        self.teacher = teacher
        self.alignment = alignment

    @classmethod
    def from_estimator(
        cls,
        distiller: UnpairedDistiller,
        X: Table,
        y: ArrayLike,
        *,
        teacher_data: tuple[Any, ...],
        test_data: tuple[Table, ArrayLike] | None = None,
        axes: Any = None,
    ) -> AlignmentDisplay:
        """Draw a fitted distiller; this fits its student once more, to labels only.

        Parameters
        ----------
        distiller : UnpairedDistiller
            Fitted with ``teacher_data``; its student is a network or a Pipeline that ends in one.
        X : DataFrame or array-like of shape (n_samples, n_features)
            The student's table that the distiller was fitted to.
        y : array-like of shape (n_samples,)
            Its class labels.
        teacher_data : tuple of a table and labels
            The teacher's cohort that the distiller was fitted with; its groups as a third element where it had any.
        test_data : tuple of a table and labels, default=None
            Rows of the student's table to draw; None draws those of X.
        axes : array-like of matplotlib Axes of shape (4,), default=None
            Where to draw; None makes a figure.

        Returns
        -------
        AlignmentDisplay
            The display.

        Raises
        ------
        ValueError
            If the distiller had no teacher or its student is no network, or the tables are not what it was fitted to.
        """
        check_is_fitted(distiller)
        history = check_history(distiller)
        pop_groups(teacher_data, "teacher_data", "(X_teacher, y_teacher)", 2)
        X, codes = check_rows(distiller, X, y, "y")
        X_drawn, drawn = X, codes
        if test_data is not None:
            check_tuple(test_data, "test_data", "(X_test, y_test)", 2)
            X_drawn, drawn = check_rows(distiller, *test_data, "test_data[1]")
        rows = sample_rows(drawn, MAX_ROWS)
        X_drawn, drawn = take_rows(X_drawn, rows), drawn[rows]
        cohort = rebuild_cohort(distiller, X, codes, teacher_data)
        teacher_rows = sample_rows(cohort.codes, MAX_ROWS)
        # The student holds its seed, so that a clone starts with the same weights.
        alone, classes = clone(distiller.student_).fit(X, distiller.classes_[codes]), distiller.classes_
        before, after = (
            project_to_teacher(student, cohort, X, codes, X_drawn) for student in (alone, distiller.student_)
        )
        pca = PCA(min(2, *cohort.features.shape), random_state=0).fit(cohort.features.astype(np.float64))
        return cls(
            history,
            class_transport_plan(after, drawn, cohort, teacher_rows, distiller.cost),
            _project(pca, before, classes[drawn]),
            _project(pca, after, classes[drawn]),
            _project(pca, cohort.features[teacher_rows], classes[cohort.codes[teacher_rows]]),
            distiller.training_mode_,
        ).plot(axes)

    def plot(self, axes: Any = None) -> AlignmentDisplay:
        """Draw.

        Parameters
        ----------
        axes : array-like of matplotlib Axes of shape (4,), default=None
            Where to draw the losses, the plan, before and after; None makes a figure.

        Returns
        -------
        AlignmentDisplay
            The display.

        Raises
        ------
        ValueError
            If there are not four axes.
        """
        import matplotlib.pyplot as plt

        if axes is None:
            axes = plt.subplots(2, 2, figsize=(11, 9), layout="constrained")[1]
        axes = np.ravel(axes)
        if len(axes) != 4:
            raise ValueError(f"axes holds {len(axes)} Axes; give four: losses, plan, before, after.")
        self._plot_history(axes[0])
        self._plot_plan(axes[1])
        self._plot_cohorts(axes[2], self.before, "Before: the student alone")
        self._plot_cohorts(axes[3], self.after, f"After: {self.alignment}")
        drawn = pd.concat([self.before, self.after, self.teacher])[COMPONENTS].to_numpy()
        for ax in axes[2:]:
            ax.update_datalim(drawn)
            ax.autoscale_view()
        n_columns = -(-len(axes[3].get_legend_handles_labels()[0]) // MAX_LINES)
        axes[3].legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5), ncols=n_columns)
        self.axes_, self.figure_ = axes, axes[0].figure
        return self

    def _plot_history(self, ax: Any) -> None:
        from matplotlib.ticker import LogLocator, NullFormatter

        # With an alignment the training loss is the sum of two parts, which are drawn instead.
        curves = {name: curve for name, curve in CURVES.items() if name in self.history}
        if "train_alignment" in curves:
            del curves["train_loss"]
        marker = "o" if len(self.history) == 1 else ""
        for name, (label, color, style) in curves.items():
            line = {"label": label, "color": color, "linestyle": style, "marker": marker}
            ax.plot(self.history["epoch"].to_numpy(), self.history[name].to_numpy(), **line)
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.set(xlabel="epoch", ylabel="loss, nats" + "; alignment, mean costs" * ("train_alignment" in curves))
        ax.set_title("Losses", loc="left")
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=len(curves))

    def _plot_plan(self, ax: Any) -> None:
        fraction = 100 * self.plan.to_numpy()
        image = ax.imshow(fraction, cmap="Blues", vmin=0)
        if len(fraction) <= MAX_NUMBERS:
            for (row, column), value in np.ndenumerate(fraction):
                if value >= 0.05:
                    color = "white" if value > 0.6 * fraction.max() else "black"
                    ax.text(column, row, f"{value:.1f}", ha="center", va="center", color=color, fontsize="small")
        every = -(-len(fraction) // MAX_TICKS)
        names = [escape_label(label) for label in self.plan.index]
        turned = {"rotation": 30, "ha": "right"} if max(map(len, names)) > 3 else {}
        ax.set_xticks(range(0, len(names), every), names[::every], **turned)
        ax.set_yticks(range(0, len(names), every), names[::every])
        ax.set(xlabel="teacher's class", ylabel="student's class")
        ax.set_title(f"Transport plan: {np.trace(fraction):.0f} % stays within its class", loc="left")
        ax.spines[:].set_visible(False)
        ax.figure.colorbar(image, cax=ax.inset_axes((1.03, 0, 0.04, 1)), label="share of the mass, %")

    def _plot_cohorts(self, ax: Any, student: pd.DataFrame, title: str) -> None:
        filled, hollow = {"edgecolors": "white", "linewidths": 0.5, "zorder": 3}, {"facecolors": "none", "alpha": 0.7}
        ax.scatter([], [], color=GRAY, label="student", **filled)
        ax.scatter([], [], edgecolors=GRAY, label="teacher", **hollow)
        for k, name in enumerate(np.unique(np.concatenate([self.before["label"], self.teacher["label"]]))):
            color, marker = COLORS[k % len(COLORS)], MARKERS[k % len(MARKERS)]
            points, teacher_points = (
                table.loc[table["label"] == name, COMPONENTS].to_numpy() for table in (student, self.teacher)
            )
            ax.scatter(*points.T, s=36, marker=marker, color=color, label=escape_label(name), **filled)
            ax.scatter(*teacher_points.T, s=28, marker=marker, edgecolors=color, **hollow)
        ax.set(xlabel="teacher's first principal component", ylabel="teacher's second principal component")
        ax.set_title(title, loc="left")
        ax.spines[["top", "right"]].set_visible(False)


def _project(pca: BaseEstimator, features: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """Coordinates in the plane; 0 along a second axis that features of one column do not have."""
    projected = np.zeros((len(features), 2))
    with default_output():
        projected[:, : pca.n_components_] = pca.transform(features)
    return pd.DataFrame(projected, columns=COMPONENTS).assign(label=labels)
