"""What both distillers share: training data, losses of a student, fitting any student."""
