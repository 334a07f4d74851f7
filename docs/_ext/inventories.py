"""Links to other projects' documentation from lists in the repository, so that the build asks no network.

``docs/inventories/PROJECT.txt`` has the project's address in its first line, then lines of a Sphinx inventory: name,
domain and role, priority, address within the project, title.
"""

import zlib
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "inventories"


def write_inventories(target: Path) -> dict[str, tuple[str, str]]:
    """Write ``PROJECT.inv`` for each list; gives what ``intersphinx_mapping`` takes."""
    target.mkdir(parents=True, exist_ok=True)
    mapping = {}
    for path in sorted(FOLDER.glob("*.txt")):
        address, *entries = path.read_text(encoding="utf-8").splitlines()
        head = f"# Sphinx inventory version 2\n# Project: {path.stem}\n# Version: \n# Compressed with zlib.\n"
        packed = zlib.compress(("\n".join(entries) + "\n").encode())
        inventory = target / f"{path.stem}.inv"
        inventory.write_bytes(head.encode() + packed)
        mapping[path.stem] = (address, str(inventory))
    return mapping
