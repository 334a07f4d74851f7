"""The joint Gaussian theorem: a linear student, squared loss, targets (1 - alpha) y + alpha t.

The student's input is x ~ N(0, I_d), and its first column is the direction of the best student's prediction s. With
correlations r_ts, r_sy, r_ty and sd(t) = sigma, Var(y) = 1::

    y = r_sy x_1 + e,    t = sigma r_ts x_1 + u,    b = sigma r_ts - r_sy
    gap = I(t; s) - I(s; y) = 1/2 log (1 - r_sy^2) / (1 - r_ts^2)

Least squares without intercept (of minimum norm when n < d) is linear in the targets, so one draw of x and of two
noise vectors serves every cell of the grid and every weight.
"""

from itertools import product

import numpy as np
import pandas as pd
from common import BLUE, GRAY, ORANGE, new_figure, save_figure, save_table

SMALL = 0.02
N_REPEATS = 4000
SIZES = ((5, 12), (5, 50), (20, 30), (20, 60), (20, 200), (20, 10))  # (d, n); the last breaks n > d
STEPS = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
SIGNED = np.concatenate([-STEPS[::-1], STEPS])
# A calibrated teacher (Var t = r_ty^2) with these correlations has the gap, the residual ratio and the first-order
# best weight of the four published rows: r_ts, r_sy, r_ty.
ROWS = ((0.638, 0.482, 0.742), (0.094, 0.121, 0.993), (0.004, 0.490, 0.552), (0.053, 0.360, 0.669))
ROUNDING = 1e-9
NOISE = 4  # standard errors: with some thousand cells, less would be crossed by chance


def make_cells(correlations, deviation):
    """Gap, residual variances and disagreement of each cell; ``deviation`` is sd(t)."""
    ts, sy, ty = np.asarray(correlations, dtype=float).T
    deviation = np.broadcast_to(deviation, ts.shape)
    cells = pd.DataFrame({"teacher_student": ts, "student_label": sy, "teacher_label": ty, "deviation": deviation})
    cells["gap"] = 0.5 * np.log((1 - sy**2) / (1 - ts**2))
    cells["var_e"] = 1 - sy**2
    cells["cov_eu"] = deviation * (ty - ts * sy)
    cells["var_u"] = deviation**2 * (1 - ts**2)
    cells["b"] = deviation * ts - sy
    cells["residual_ratio"] = cells.cov_eu / cells.var_e
    return cells


def grid():
    """All possible triples of correlations, with a calibrated teacher, one as variable as the label, and beyond."""
    triples = [
        (ts, sy, ty)
        for ts, sy, ty in product(SIGNED, STEPS, SIGNED)
        if np.linalg.det([[1, ts, ty], [ts, 1, sy], [ty, sy, 1]]) > 1e-9
    ]
    calibrated = np.abs([ty for _, _, ty in triples])
    return pd.concat([make_cells(triples, sd) for sd in (calibrated, 1.0, 2.0)], ignore_index=True)


def draw(d, n, n_repeats, seed):
    """Random terms in the risk of least squares: products of A = X^+ e_1, B = X^+ e_2, and P_11.

    e_1, e_2 are independent standard normal vectors, P = X^+ X is the projection on the rows of X.
    """
    rng = np.random.RandomState(seed)
    terms = []
    for _ in range(n_repeats):
        X = rng.standard_normal((n, d))
        inverse = np.linalg.pinv(X)
        A, B = (inverse @ rng.standard_normal((n, 2))).T
        terms.append((A @ A, A @ B, B @ B, A[0], B[0], inverse[0] @ X[:, 0]))
    return np.array(terms).T


def excess_risk(cells, draws, alpha):
    """Excess risk over the best student of each cell in each repeat: (n_cells, n_repeats).

    The student's coefficients are P (r_sy + alpha b) + X^+ w, with the mixed noise w = (1 - alpha) e + alpha u.
    """
    AA, AB, BB, A0, B0, P = draws
    var_e, cov, var_u, b, r = (
        cells[name].to_numpy()[:, None] for name in ("var_e", "cov_eu", "var_u", "b", "student_label")
    )
    p = (1 - alpha) * np.sqrt(var_e) + alpha * cov / np.sqrt(var_e)
    q = alpha * np.sqrt(np.maximum(var_u - cov**2 / var_e, 0))
    noise = p**2 * AA + 2 * p * q * AB + q**2 * BB
    return noise + 2 * alpha * b * (p * A0 + q * B0) + alpha**2 * b**2 * P + r**2 * (1 - P)


def expected_risk(cells, noise_per_variance, alpha):
    """Risk = k [(1-alpha)^2 Var e + 2 alpha (1-alpha) Cov(e, u) + alpha^2 Var u] + alpha^2 b^2.

    k = d/n is first order; k = E tr (X'X)^-1 = d / (n - d - 1) is exact for normal columns and n > d + 1.
    """
    mixed = (1 - alpha) ** 2 * cells.var_e + 2 * alpha * (1 - alpha) * cells.cov_eu + alpha**2 * cells.var_u
    return noise_per_variance * mixed + alpha**2 * cells.b**2


def best_weight(cells, noise_per_variance):
    """alpha*, not clipped."""
    curvature = cells.var_e - 2 * cells.cov_eu + cells.var_u + cells.b**2 / noise_per_variance
    return (cells.var_e - cells.cov_eu) / curvature


def check_reduction():
    """Raise unless the reduced form has the risk of numpy's least squares on the same numbers."""
    cell = make_cells([(0.3, 0.5, 0.6)], 0.8)
    for d, n in ((5, 12), (20, 10)):
        reduced = excess_risk(cell, draw(d, n, 1, 0), 0.3)[0, 0]
        rng = np.random.RandomState(0)
        X = rng.standard_normal((n, d))
        normal = rng.standard_normal((n, 2))
        var_e, cov, var_u = cell[["var_e", "cov_eu", "var_u"]].iloc[0]
        e = np.sqrt(var_e) * normal[:, 0]
        u = cov / np.sqrt(var_e) * normal[:, 0] + np.sqrt(var_u - cov**2 / var_e) * normal[:, 1]
        best = np.eye(d)[0] * 0.5
        target = 0.7 * (X @ best + e) + 0.3 * (0.8 * 0.3 * X[:, 0] + u)
        plain = np.sum((np.linalg.lstsq(X, target, rcond=None)[0] - best) ** 2)
        if not np.isclose(reduced, plain, rtol=1e-9):
            raise AssertionError(f"d={d}, n={n}: reduced risk {reduced}, least squares {plain}.")


def risk_change(cells, draws, alpha):
    """Mean change of the risk by the weight and its standard error; for alpha = 0 its slope there.

    The risk is quadratic in alpha, so the central difference is the slope of every single draw.
    """
    if alpha == 0:
        change = (excess_risk(cells, draws, SMALL) - excess_risk(cells, draws, -SMALL)) / (2 * SMALL)
    else:
        change = excess_risk(cells, draws, alpha) - excess_risk(cells, draws, 0.0)
    return change.mean(axis=1), change.std(axis=1, ddof=1) / np.sqrt(change.shape[1])


def exact_change(cells, d, n, alpha):
    """The same from the closed form."""
    k = d / (n - d - 1)
    if alpha == 0:
        return 2 * k * (cells.cov_eu - cells.var_e)
    return expected_risk(cells, k, alpha) - expected_risk(cells, k, 0.0)


def run_grid():
    """Sign of the risk change over the grid, against the gap and against the residual ratio."""
    cells = grid()
    summary, kept = [], None
    for d, n in SIZES:
        draws = draw(d, n, N_REPEATS, seed=d + n)
        for alpha in (0, SMALL, 0.25, 0.5, 1.0):
            mean, error = risk_change(cells, draws, alpha)
            sign = np.where(np.abs(mean) > NOISE * error, np.sign(mean), 0)
            exact = exact_change(cells, d, n, alpha) if n > d else np.nan
            table = cells.assign(change=mean, standard_error=error, sign=sign, z=(mean - exact) / error)
            for variance, part in (
                ("Var t <= Var y", table[cells.deviation <= 1]),
                ("Var t = 4 Var y", table[cells.deviation > 1]),
            ):
                positive = part.gap > ROUNDING
                wrong = np.sign(part.residual_ratio - 1) * part.sign < 0
                row = {"d": d, "n": n, "alpha": alpha, "teacher": variance, "cells": len(part)}
                row |= {"gap > 0": positive.sum(), "of these harmed": (positive & (part.sign > 0)).sum()}
                row |= {"gap <= 0": (~positive).sum(), "of these helped": (~positive & (part.sign < 0)).sum()}
                row |= {
                    "sign known": (part.sign != 0).sum(),
                    "ratio wrong": wrong.sum(),
                    "largest z": part.z.abs().max(),
                }
                summary.append(row)
            if (d, n, alpha) == (20, 60, SMALL):
                kept = table.assign(change=mean / expected_risk(cells, d / (n - d - 1), 0.0)).drop(
                    columns="standard_error"
                )
    return pd.DataFrame(summary), kept


def run_best_weight(cells):
    """Where the simulated risk is least, against both alpha*; and what shrinkage alone does.

    A constant teacher, t = 0, has residual ratio 0, so a small weight helps. It is compared with teachers that are
    positively correlated with label and student.
    """
    cells = cells[cells.deviation <= 1].reset_index(drop=True)
    constant = make_cells(cells[["teacher_student", "student_label", "teacher_label"]], 0.0)
    alphas = np.linspace(0, 1, 101)
    rows = []
    for d, n in SIZES[:-1]:
        k = d / (n - d - 1)
        # The risk is linear in the products, so their means give the mean risk.
        means = draw(d, n, N_REPEATS, seed=d + n).mean(axis=1, keepdims=True)
        risk = np.array([excess_risk(cells, means, alpha)[:, 0] for alpha in alphas])
        row = {"d": d, "n": n, "cells": len(cells)}
        for name, noise in (("first order", d / n), ("exact", k)):
            weight = best_weight(cells, noise).clip(0, 1).to_numpy()
            nearest = np.abs(alphas[:, None] - weight).argmin(axis=0)
            reached = risk[nearest, np.arange(len(cells))]
            row[f"alpha* off, {name}"] = np.abs(weight - alphas[risk.argmin(axis=0)]).mean()
            row[f"risk above least, {name}"] = ((reached - risk.min(axis=0)) / risk[0]).mean()
        distilled, shrunk = (expected_risk(each, k, best_weight(each, k).clip(0, 1)) for each in (cells, constant))
        saved = 1 - distilled / expected_risk(cells, k, 0.0)
        sensible = (cells.teacher_student > 0) & (cells.teacher_label > 0)
        for name, group in (
            ("gap > 0", sensible & (cells.gap > ROUNDING)),
            ("gap <= 0", sensible & (cells.gap <= ROUNDING)),
        ):
            row[f"{name}: cells"] = group.sum()
            row[f"{name}: share helped at alpha*"] = (saved[group] > ROUNDING).mean()
            row[f"{name}: mean risk saved"] = saved[group].mean()
            row[f"{name}: share where silence saves more"] = (distilled > shrunk + ROUNDING)[group].mean()
        rows.append(row)
    return pd.DataFrame(rows)


def run_rows(d=20, n=60):
    """The four rows of section 2: risk relative to alpha = 0 at several weights and at the first-order alpha*."""
    cells = make_cells(ROWS, [ty for _, _, ty in ROWS])
    draws = draw(d, n, N_REPEATS, seed=0)
    alone = excess_risk(cells, draws, 0.0).mean(axis=1)
    table = cells[["teacher_student", "student_label", "teacher_label", "gap", "residual_ratio"]].copy()
    for alpha in (0.25, 0.5, 0.75, 1.0):
        table[f"risk at {alpha:g}"] = excess_risk(cells, draws, alpha).mean(axis=1) / alone
    for name, k in (("first order", d / n), ("exact", d / (n - d - 1))):
        weight = best_weight(cells, k).clip(0, 1)
        risk = [excess_risk(cells.iloc[[i]], draws, weight[i]).mean() for i in range(len(cells))]
        table[f"alpha*, {name}"] = weight
        table[f"risk at alpha*, {name}"] = risk / alone
    return table


def draw_figure(kept, rows):
    """Change of the risk by a small weight against gap and residual ratio; the four rows over alpha."""
    figure, axes = new_figure(3, width=3.1)
    jitter = np.random.RandomState(0)
    for rows_of, color, marker, label in (
        (kept.deviation <= 1, BLUE, "o", r"Var $t \leq$ Var $y$"),
        (kept.deviation > 1, ORANGE, "x", r"Var $t$ = 4 Var $y$"),
    ):
        part = kept[rows_of]
        for ax, column in zip(axes[:2], ("gap", "residual_ratio"), strict=True):
            # Many cells have the same gap.
            moved = part[column] + (jitter.uniform(-0.012, 0.012, len(part)) if column == "gap" else 0)
            ax.scatter(moved, 100 * part.change, s=9, c=color, marker=marker, alpha=0.6, linewidths=0.8, label=label)
    for ax, zero, label in ((axes[0], 0, "gap, nats"), (axes[1], 1, "residual ratio Cov(e, u) / Var(e)")):
        ax.axhline(0, color="black", linewidth=0.8)
        ax.axvline(zero, color=GRAY, linewidth=0.8, linestyle="--")
        ax.set_xlabel(label)
        ax.set_ylabel(f"change of risk at alpha = {SMALL}, %")
        ax.set_ylim(-15, 15)
    axes[1].set_xlim(-4, 6)
    axes[0].set_xticks([-0.5, 0, 0.5])
    axes[1].legend(frameon=False, loc="upper left", handletextpad=0)
    alphas = np.linspace(0, 1, 101)
    cells = make_cells(rows[["teacher_student", "student_label", "teacher_label"]], rows.teacher_label)
    risk = np.array([expected_risk(cells, 20 / 39, alpha) for alpha in alphas])
    for row, (style, color) in enumerate((("-", BLUE), ("--", GRAY), ("-.", ORANGE), (":", "black"))):
        label = f"gap {cells.gap[row]:+.3f}"
        axes[2].plot(alphas, risk[:, row] / risk[0, row], color=color, linestyle=style, lw=2, label=label)
    axes[2].set_xlabel("alpha")
    axes[2].set_ylabel("excess risk relative to alpha = 0")
    axes[2].set_ylim(0, 1.05)
    axes[2].legend(frameon=False, loc="lower left")
    save_figure(figure, "theorem")


def main(_options):
    """Run the grid, the best weights and the four rows."""
    check_reduction()
    summary, kept = run_grid()
    best = run_best_weight(grid())
    rows = run_rows()
    for table, name in (
        (summary, "theorem_signs"),
        (kept, "theorem_grid"),
        (best, "theorem_best_weight"),
        (rows, "theorem_rows"),
    ):
        save_table(table, name)
    draw_figure(kept, rows)
    print(summary.to_string(index=False, float_format="%.3g"))
    print(best.T.to_string(float_format="%.3f"))
    print(rows.to_string(index=False, float_format="%.3f"))
