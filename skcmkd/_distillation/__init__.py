"""Shared by the distillers: training data, losses of a student, fitting and validating any student."""
