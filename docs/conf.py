"""Sphinx settings. The build needs no network: python -m sphinx -W -b html docs docs/_build/html."""

import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]

from docutils import nodes  # noqa: E402
from docutils.utils.math.latex2mathml import tex2mathml  # noqa: E402
from inventories import write_inventories  # noqa: E402
from numpydoc.xref import DEFAULT_LINKS  # noqa: E402

import skcmkd  # noqa: E402 - found through the line above when the package is not installed

project = "skcmkd"
author = "the skcmkd developers"
copyright = author  # noqa: A001 - the name that Sphinx reads
version = release = skcmkd.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "stored_results",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates", "gallery", "sg_execution_times.rst"]

autosummary_generate = True
autodoc_typehints = "none"  # the Parameters sections say the types
add_module_names = False
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False  # the class template lists the methods
numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"  # words of a type that are no names
numpydoc_xref_aliases = DEFAULT_LINKS | {
    "DataFrame": "pandas.DataFrame",
    "Series": "pandas.Series",
    "Pipeline": "sklearn.pipeline.Pipeline",
    "Figure": "matplotlib.figure.Figure",
    "Axes": "matplotlib.axes.Axes",
    **{name: f"skcmkd.{name}" for name in skcmkd.__all__},
}
intersphinx_mapping = write_inventories(HERE / "_build" / "inventories")
numfig = True
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
viewcode_line_numbers = True

smartquotes = False  # "auto" in a docstring is code

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "examples",
    "copyfile_regex": r"index\.rst",  # four sections, in place of one list
    "filename_pattern": "/plot_",
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "write_computation_times": False,  # its page loads scripts from elsewhere
    "remove_config_comments": True,
    "abort_on_example_error": True,
    "doc_module": ("skcmkd",),
    "backreferences_dir": "generated/backreferences",
    "reference_url": {"skcmkd": None},
}

html_theme = "pydata_sphinx_theme"
html_title = f"skcmkd {version}"
html_context = {"default_mode": "auto"}  # light or dark as the reader's system
html_show_sourcelink = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "_static/favicon.svg"
html_sidebars = {"index": []}
html_math_renderer = "mathml"  # the browser sets the formulas: no script, no network
html_theme_options = {
    "logo": {"text": f"skcmkd {version}"},
    "navbar_align": "left",
    "header_links_before_dropdown": 8,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": [],
}


def add_markdown(app: Any, page: str, source: list[str]) -> None:
    """Put a Markdown file where a page says ``.. markdown:: FILE``; a copy without it still builds."""

    def read(found: re.Match[str]) -> str:
        path = HERE.parent / found[1]
        app.env.note_dependency(str(path))  # a new text builds the page anew
        return translate_markdown(path.read_text(encoding="utf-8")) if path.exists() else ""

    source[0] = re.sub(r"^\.\. markdown:: (\S+)$", read, source[0], flags=re.MULTILINE)


def list_table(found: re.Match[str]) -> str:
    """A Markdown table as a reStructuredText one."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in found[0].splitlines()]
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in [rows[0], *rows[2:]]:
        lines += [f"   {'* -' if position == 0 else '  -'} {cell}" for position, cell in enumerate(row)]
    return "\n".join(lines) + "\n"


def translate_markdown(text: str) -> str:
    """Headings below the title, tables, code and links as reStructuredText; lists and bold are alike in both."""
    text = re.sub(r"^# .*\n+", "", text)
    text = re.sub(r"^(?:\|.*\|\n)+", list_table, text, flags=re.MULTILINE)
    text = re.sub(r"^## (.*)$", lambda found: f"{found[1]}\n{'-' * len(found[1])}", text, flags=re.MULTILINE)
    parts = re.split(r"`([^`]+)`", text)
    parts[::2] = [re.sub(r"(?<=\w)_(?!\w)|\|", r"\\\g<0>", part) for part in parts[::2]]
    parts[1::2] = [f"\\ ``{' '.join(part.split())}``\\ " for part in parts[1::2]]
    return re.sub(r"\[([^]]+)\]\(([^)]+)\)", r"`\1 <\2>`__", "".join(parts))


def escape_markup(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Keep n_features_in_ and |x| from being read as markup; docstrings are written for the terminal first."""
    literal = -1  # indentation of the line whose two colons opened a block that stays as it is
    for number, line in enumerate(lines):
        indentation = len(line) - len(line.lstrip())
        if line.strip() and indentation <= literal:
            literal = -1
        if literal < 0 and not line.lstrip().startswith((">>>", "...")):
            parts = re.split(r"(``.*?``)", line)
            parts[::2] = [re.sub(r"(?<=\w)_(?!\w)|\|", r"\\\g<0>", part) for part in parts[::2]]
            lines[number] = "".join(parts)
            if line.rstrip().endswith("::"):
                literal = indentation


def visit_math(writer: Any, node: nodes.Element) -> None:
    """Write a formula as MathML, which every browser of today reads; a blank line parts two displayed ones."""
    if isinstance(node, nodes.math_block):
        formulas = (tex2mathml(formula, as_block=True) for formula in node.astext().split("\n\n"))
        writer.body.extend(f'<div class="formula">{formula}</div>' for formula in formulas)
    else:
        writer.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math, None))
    app.connect("source-read", add_markdown)
    app.connect("autodoc-process-docstring", escape_markup, priority=100)  # before numpydoc
