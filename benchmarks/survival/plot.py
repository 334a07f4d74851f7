"""Draw the figure of the page on time to an event: the risk groups of its example."""

import argparse
from pathlib import Path

from sklearn.linear_model import LogisticRegression

from skcmkd import PairedDistiller, SurvivalReport
from skcmkd.datasets import make_survival_modalities

IMAGES = Path(__file__).parents[2] / "docs" / "images"


def main(images=IMAGES):
    """Fit the page's example and draw its groups."""
    drawn = make_survival_modalities(400, censoring=0.5, random_state=0)
    model = LogisticRegression(C=0.03)
    distiller = PairedDistiller(model, model, student_columns=drawn.modalities["student"])
    report = SurvivalReport.from_estimator(
        distiller, drawn.data, drawn.time, drawn.event, horizon=drawn.horizon, random_state=0
    )
    display = report.plot_risk_groups("distilled", n_groups=3, xlabel="years")
    display.figure_.savefig(images / "risk-groups.png", dpi=100)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    main()
