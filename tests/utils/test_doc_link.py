from email.message import Message
from importlib.metadata import PackageNotFoundError

import pytest
from sklearn.utils import estimator_html_repr

import skcmkd
from skcmkd._utils import _doc_link as _documentation

ESTIMATORS = [
    skcmkd.CCHSelector({"a": [0], "b": [1]}, "a"),
    skcmkd.PairedDistiller(),
    skcmkd.PairedDistillerRegressor(),
    skcmkd.MutualDistiller(),
    skcmkd.UnpairedDistiller(),
    skcmkd.NetworkClassifier(),
    skcmkd.NetworkRegressor(),
]


def fake(monkeypatch, *entries):
    message = Message()
    for entry in entries:
        message["Project-URL"] = entry
    monkeypatch.setattr(_documentation, "metadata", lambda name: message)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
def test_every_estimator_links_to_its_page(monkeypatch, estimator):
    fake(monkeypatch, "Source, https://source.invalid/skcmkd", "Documentation, https://docs.invalid/skcmkd/")
    page = f"https://docs.invalid/skcmkd/generated/skcmkd.{type(estimator).__name__}.html"
    assert estimator._get_doc_link() == page
    assert f'href="{page}"' in estimator_html_repr(estimator)


@pytest.mark.parametrize("entries", [(), ("Source, https://source.invalid",), ("Documentation, javascript:run()",)])
def test_no_address_no_link(monkeypatch, entries):
    fake(monkeypatch, *entries)
    assert skcmkd.PairedDistiller()._get_doc_link() == ""
    assert "href" not in estimator_html_repr(skcmkd.PairedDistiller())


def test_not_installed(monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(_documentation, "metadata", missing)
    assert _documentation.documentation_url() == ""
