"""The address of an estimator's page, to which its HTML representation links."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, metadata

PACKAGE = "skcmkd"


def documentation_url() -> str:
    """The address of the documentation in the installed package's metadata; empty where it names none."""
    try:
        entries = metadata(PACKAGE).get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    addresses = dict(entry.split(", ", 1) for entry in entries if ", " in entry)
    address = addresses.get("Documentation", "")
    return address.rstrip("/") if address.startswith("https://") else ""


class DocLinkMixin:
    """Estimator whose HTML representation links to its page, and to none where no address is known."""

    _doc_link_module = PACKAGE

    @property
    def _doc_link_template(self) -> str:
        address = documentation_url()
        return address and address + "/generated/skcmkd.{estimator_name}.html"
