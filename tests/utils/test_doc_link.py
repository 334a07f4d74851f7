from email.message import Message
from importlib.metadata import PackageNotFoundError

import pytest
from sklearn.utils import estimator_html_repr

import skcmkd
from skcmkd._utils import _doc_link

ESTIMATORS = [
    skcmkd.CCHSelector({"a": [0], "b": [1]}, "a"),
    skcmkd.PairedDistiller(),
    skcmkd.PairedDistillerRegressor(),
    skcmkd.PredictedTeacherFeatures(),
    skcmkd.MutualDistiller(),
    skcmkd.UnpairedDistiller(),
    skcmkd.NetworkClassifier(),
    skcmkd.NetworkRegressor(),
]


def set_project_urls(monkeypatch, *entries):
    """Let the installed package's metadata name these addresses."""
    message = Message()
    for entry in entries:
        message["Project-URL"] = entry
    monkeypatch.setattr(_doc_link, "metadata", lambda name: message)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
def test_every_estimator_links_to_its_page(monkeypatch, estimator):
    set_project_urls(
        monkeypatch, "Source, https://source.invalid/skcmkd", "Documentation, https://docs.invalid/skcmkd/"
    )
    page = f"https://docs.invalid/skcmkd/generated/skcmkd.{type(estimator).__name__}.html"
    assert estimator._get_doc_link() == page
    assert f'href="{page}"' in estimator_html_repr(estimator)


def test_they_are_all_public_estimators():
    public = {name for name in skcmkd.__all__ if hasattr(getattr(skcmkd, name), "fit")}
    assert {type(estimator).__name__ for estimator in ESTIMATORS} == public


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
def test_the_link_does_not_depend_on_the_module(monkeypatch, estimator):
    set_project_urls(monkeypatch, "Documentation, https://docs.invalid")
    page = estimator._get_doc_link()
    monkeypatch.setattr(type(estimator), "__module__", "skcmkd.elsewhere.public")
    assert estimator._get_doc_link() == page


@pytest.mark.parametrize("entries", [(), ("Source, https://source.invalid",), ("Documentation, javascript:run()",)])
def test_no_address_no_link(monkeypatch, entries):
    set_project_urls(monkeypatch, *entries)
    assert skcmkd.PairedDistiller()._get_doc_link() == ""
    assert "href" not in estimator_html_repr(skcmkd.PairedDistiller())


def test_not_installed(monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(_doc_link, "metadata", missing)
    assert _doc_link.documentation_url() == ""
