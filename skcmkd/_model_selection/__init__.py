"""Folds, cross-fitting, fitting any pipeline with weights and groups, half-samples and intervals."""
