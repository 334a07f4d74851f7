"""Print the lower bounds of pyproject.toml as pins, but for torch, whose old releases come for graphics cards alone."""

import re
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = ("breast", "mudata", "onnx", "parquet", "skops")
needed = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
for requirement in needed:
    name, bound = re.fullmatch(r"([\w.-]+)>=([\w.]+)", requirement).groups()
    if name != "torch":
        print(f"{name}=={bound}")  # noqa: T201 - this is what it is for
