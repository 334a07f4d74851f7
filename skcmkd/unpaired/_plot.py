"""Display of an alignment with another cohort; matplotlib is imported when something is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from .._utils._plotting import escape_label
from .._validation._sklearn import ArrayLike, check_tuple
from .._validation._tables import Table, take_rows
from .._validation._target_checks import pop_groups
from ._alignment_measures import class_transport_plan, project_to_teacher
from ._plot_input import check_drawable, check_rows, rebuild_cohort, sample_rows

if TYPE_CHECKING:
    from ._classifier import UnpairedDistiller


# Okabe and Ito (2008).
BEFORE, AFTER = "#767676", "#0072B2"
MAX_ROWS = 500
MAX_NUMBERS = 12
MAX_TICKS = 15


class AlignmentDisplay:
    """Show how far two cohorts are aligned class by class, before and after.

    The exact transport plan P moves the student's rows to the teacher's at the least cost. Summed by pairs of classes,
    entry (c, d) is the sum of P_ij over student rows i of class c and teacher rows j of class d. Two panels: the share
    of the mass that stays within its class, sum_c P_cc, of the student trained alone and as the distiller trained it;
    and where the mass of each of the student's classes goes after it, each row in percent.

    Parameters
    ----------
    before, after : DataFrame of shape (n_shared_classes, n_shared_classes)
        Mass from each of the student's classes (rows) to each of the teacher's (columns), of the student trained alone
        and with the teacher; each sums to 1.
    alignment : str, default="aligned"
        What the student was trained with beside the labels, for the labels: ``UnpairedDistiller.training_mode_``.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (2,)
        Where it was drawn: shares, plan.
    figure_ : matplotlib Figure
        The figure that holds them.

    See Also
    --------
    UnpairedDistiller : Its ``alignment_metrics_`` holds the terms of the bound in numbers, on held-out rows, and its
        ``history_`` the losses of each epoch.

    Notes
    -----
    A student's features are mapped to the teacher's space as for ``alignment_metrics_``: by ridge regression to the
    prototypes of the classes, fitted to the student's training rows. The classes of these rows lie apart with or
    without a teacher: give ``test_data`` to see the effect of the alignment. Where mass goes to another class, the
    student's features of one class lie nearer to the teacher's of the other.

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
    >>> display.after.shape
    (3, 3)
    """

    def __init__(self, before: pd.DataFrame, after: pd.DataFrame, alignment: str = "aligned") -> None:
        self.before = before
        self.after = after
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
        axes : array-like of matplotlib Axes of shape (2,), default=None
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
        check_drawable(distiller)
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
        alone = clone(distiller.student_).fit(X, distiller.classes_[codes])
        before, after = (
            class_transport_plan(
                project_to_teacher(student, cohort, X, codes, X_drawn), drawn, cohort, teacher_rows, distiller.cost
            )
            for student in (alone, distiller.student_)
        )
        return cls(before, after, distiller.training_mode_).plot(axes)

    def plot(self, axes: Any = None) -> AlignmentDisplay:
        """Draw.

        Parameters
        ----------
        axes : array-like of matplotlib Axes of shape (2,), default=None
            Where to draw the shares and the plan; None makes a figure.

        Returns
        -------
        AlignmentDisplay
            The display.

        Raises
        ------
        ValueError
            If there are not two axes.
        """
        import matplotlib.pyplot as plt

        if axes is None:
            axes = plt.subplots(2, 1, figsize=(6.4, 7), height_ratios=(1, 5), layout="constrained")[1]
        axes = np.ravel(axes)
        if len(axes) != 2:
            raise ValueError(f"axes holds {len(axes)} Axes; give two: shares, plan.")
        self._plot_shares(axes[0])
        self._plot_plan(axes[1])
        self.axes_, self.figure_ = axes, axes[0].figure
        return self

    def _plot_shares(self, ax: Any) -> None:
        shares = [100 * np.trace(plan.to_numpy()) for plan in (self.before, self.after)]
        names, box = ("student alone", self.alignment), {"facecolor": "white", "alpha": 0.8, "lw": 0}
        ax.barh(range(2), shares, color=[BEFORE, AFTER], height=0.75)
        for place, (name, share) in enumerate(zip(names, shares, strict=True)):
            ax.text(0, place, f" {name}: {share:.0f} %", va="center", bbox=box)
        ax.invert_yaxis()
        ax.set_xlim(0, 100)
        ax.set_yticks([])
        ax.set_title("Transported mass that stays within its class, %", loc="left")
        ax.spines[["top", "right"]].set_visible(False)

    def _plot_plan(self, ax: Any) -> None:
        mass = self.after.to_numpy()
        # A class without a row to draw has no mass.
        percent = 100 * mass / np.where(mass.sum(axis=1) > 0, mass.sum(axis=1), 1)[:, None]
        image = ax.imshow(percent, cmap="Blues", vmin=0, vmax=100)
        if len(percent) <= MAX_NUMBERS:
            for (row, column), value in np.ndenumerate(percent):
                if value >= 0.5:
                    color = "white" if value > 60 else "black"
                    ax.text(column, row, f"{value:.0f}", ha="center", va="center", color=color)
        every = -(-len(percent) // MAX_TICKS)
        names = [escape_label(label) for label in self.after.index]
        turned = {"rotation": 30, "ha": "right"} if max(map(len, names)) > 3 else {}
        ax.set_xticks(range(0, len(names), every), names[::every], **turned)
        ax.set_yticks(range(0, len(names), every), names[::every])
        ax.set(xlabel="teacher's class", ylabel="student's class")
        ax.set_title("After: where the mass of a class goes, %", loc="left")
        ax.spines[:].set_visible(False)
        ax.figure.colorbar(image, cax=ax.inset_axes((1.03, 0, 0.04, 1)))
