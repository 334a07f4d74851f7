"""Sphinx settings. The build needs no network: python -m sphinx -W -b html docs docs/_build/html."""

import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from docutils import nodes  # noqa: E402
from docutils.utils.math.latex2mathml import tex2mathml  # noqa: E402

import skcmkd  # noqa: E402 - found through the line above when the package is not installed

project = "skcmkd"
author = "the skcmkd developers"
copyright = author  # noqa: A001 - the name that Sphinx reads
version = release = skcmkd.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates", "gallery", "sg_execution_times.rst"]

autosummary_generate = True
autodoc_typehints = "none"  # the Parameters sections say the types
add_module_names = False
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False  # the class template lists the methods

smartquotes = False  # "auto" in a docstring is code

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "examples",
    "filename_pattern": "/plot_",
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "write_computation_times": False,  # its page loads scripts from elsewhere
    "remove_config_comments": True,
    "abort_on_example_error": True,
}

html_theme = "pydata_sphinx_theme"
html_title = f"skcmkd {version}"
html_context = {"default_mode": "auto"}  # light or dark as the reader's system
html_show_sourcelink = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "_static/favicon.svg"
html_sidebars = {page: [] for page in ("index", "should_i_distil", "comparison", "contributing", "changelog")}
html_math_renderer = "mathml"  # the browser sets the formulas: no script, no network
html_theme_options = {
    "logo": {"text": "skcmkd"},
    "navbar_align": "left",
    "header_links_before_dropdown": 5,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": [],
}


def add_changelog(app: Any, page: str, source: list[str]) -> None:
    """Put CHANGELOG.md on its page as it is; a copy of the sources without it still builds."""
    if page == "changelog" and (HERE.parent / "CHANGELOG.md").exists():
        source[0] += "\n.. literalinclude:: ../CHANGELOG.md\n   :language: none\n   :class: changelog\n"


def escape_markup(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Keep n_features_in_ and |x| from being read as markup; docstrings are written for the terminal first."""
    for number, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            parts = re.split(r"(``.*?``)", line)
            parts[::2] = [re.sub(r"(?<=\w)_(?!\w)|\|", r"\\\g<0>", part) for part in parts[::2]]
            lines[number] = "".join(parts)


def visit_math(writer: Any, node: nodes.Element) -> None:
    """Write a formula as MathML, which every browser of today reads."""
    block = isinstance(node, nodes.math_block)
    formula = tex2mathml(node.astext(), as_block=block)
    writer.body.append(f'<div class="formula">{formula}</div>' if block else formula)
    raise nodes.SkipNode


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math, None))
    app.connect("source-read", add_changelog)
    app.connect("autodoc-process-docstring", escape_markup, priority=100)  # before numpydoc
