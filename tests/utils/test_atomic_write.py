import pytest

from skcmkd._utils._atomic_write import atomic_write


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "report.html"
    with atomic_write(path) as draft:
        draft.write_text("first")
        assert not path.exists()
    with pytest.raises(IsADirectoryError), atomic_write(path) as draft:
        draft.write_bytes(tmp_path.read_bytes())
    assert path.read_text() == "first"
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    ordinary = tmp_path / "ordinary"
    ordinary.touch()
    assert path.stat().st_mode == ordinary.stat().st_mode
