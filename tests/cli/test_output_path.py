import os
from pathlib import Path

import pytest

from skcmkd.cli._errors import UsageError
from skcmkd.cli._output_path import check_output


def test_places_that_cannot_be_written_to(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("a")
    (tmp_path / "link.csv").symlink_to(table)
    for path, message in (
        (tmp_path / "no" / "such" / "report.html", "there is no folder"),
        (tmp_path, "is a folder"),
        (table, "is the file that is read"),
        (tmp_path / "link.csv", "is the file that is read"),
        (Path(os.devnull), "is no ordinary file"),
    ):
        with pytest.raises(UsageError, match=message):
            check_output(path, "--report", [table])
    check_output(None, "--report", [table])
    check_output(tmp_path / "report.html", "--report", [table])
