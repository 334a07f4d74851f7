import numpy as np

from skcmkd.survival._pairs import harrell_pairs, sum_pairs

from .outcomes import EVENT, RISK, TIME


def test_pairs_of_a_unit_are_those_that_vanish_without_it():
    units = np.arange(20) // 3
    event = EVENT.astype(bool)
    concordant, total = sum_pairs(*harrell_pairs(TIME, event), RISK, units, 7)
    for unit in range(7):
        kept = units != unit
        without = sum_pairs(*harrell_pairs(TIME[kept], event[kept]), RISK[kept], np.zeros(kept.sum(), dtype=int), 1)
        np.testing.assert_allclose(concordant[-1] - concordant[unit], without[0][-1])
        np.testing.assert_allclose(total[-1] - total[unit], without[1][-1])


def test_no_pairs():
    concordant, total = sum_pairs(*harrell_pairs(TIME, np.zeros(20, dtype=bool)), RISK, np.arange(20), 20)
    assert not concordant.any()
    assert not total.any()
