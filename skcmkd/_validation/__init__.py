"""Checks of user input: tables, columns, labels, weights, groups, parameters; the home of scikit-learn's helpers."""
