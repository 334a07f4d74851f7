from skcmkd._utils._parallel import track


def test_items_pass_through_in_silence(capfd):
    assert list(track(iter([3, 1, 2]), 3, "work", show=False)) == [3, 1, 2]
    assert capfd.readouterr() == ("", "")


def test_bar_goes_to_standard_error(capfd):
    assert list(track([3, 1], 2, "work", show=True)) == [3, 1]
    out, err = capfd.readouterr()
    assert out == ""
    assert "work" in err
