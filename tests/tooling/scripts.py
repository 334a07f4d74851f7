"""Scripts and benchmarks, which are in no package, as modules."""

import importlib
import importlib.util
import sys
from contextlib import contextmanager


def load_script(path):
    """The script as a module, which is found by pickle and dataclass, too."""
    name = f"{path.parent.name}_{path.stem}"
    specification = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


@contextmanager
def modules_of(folder, names):
    """The modules of a folder by name, as its scripts import each other; other folders may have the same names."""
    saved = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    sys.path.insert(0, str(folder))
    try:
        yield {name: importlib.import_module(name) for name in names}
    finally:
        sys.path.remove(str(folder))
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(saved)
