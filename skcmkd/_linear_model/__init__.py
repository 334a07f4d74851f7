"""Ridge and logistic regressions that are fitted by the thousand, and logistic regression on soft targets."""
