from skcmkd._utils._parallel import progress


def test_items_pass_through_in_silence(capfd):
    assert list(progress(iter([3, 1, 2]), 3, "work", verbose=False)) == [3, 1, 2]
    assert capfd.readouterr() == ("", "")


def test_bar_goes_to_standard_error(capfd):
    assert list(progress([3, 1], 2, "work", verbose=True)) == [3, 1]
    out, err = capfd.readouterr()
    assert out == ""
    assert "work" in err
