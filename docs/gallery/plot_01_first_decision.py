"""
Should this modality teach?
===========================

A first decision on simulated data.
"""

import matplotlib.pyplot as plt

from skcmkd import CCHDisplay, CCHSelector
from skcmkd.datasets import make_gaussian_modalities

drawn = make_gaussian_modalities(300, random_state=0)
selector = CCHSelector(drawn.modalities, student="student", random_state=0).fit(drawn.data, drawn.target)
CCHDisplay.from_estimator(selector)
plt.show()
