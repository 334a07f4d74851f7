"""Torch losses of distillation and alignment, and the teacher's cohort that they read."""
