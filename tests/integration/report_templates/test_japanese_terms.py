"""From the public Japanese AE file to a page: every reported term stands in the PDF with its characters."""

from __future__ import annotations

import io
import unicodedata
from pathlib import Path
from types import ModuleType

import pytest
from pypdf import PdfReader

from connectors.snapshot_store import FolderSnapshotStore
from longwatch.reports.contents import PlainTable
from longwatch.study import SourceSpec
from report_templates import render


@pytest.mark.shared_data
def test_japanese_terms_reach_the_page(samples: ModuleType, shared_data: Path, tmp_path: Path) -> None:
    store = FolderSnapshotStore(tmp_path / "store")
    source = SourceSpec(path=str(shared_data / "dataset-json" / "ae_i18n_ja.json"))
    snapshot = store.freeze([source], "/", lambda _message: None)
    ae = store.open(snapshot.id).datasets["AE"].frame.collect()
    terms = sorted(ae["AETERM"].drop_nulls().unique())
    rows = tuple((term, f"{number:,}") for number, term in enumerate(terms, 1))
    table = PlainTable("Reported terms", ("Reported term", "Number"), rows, (5.0, 1.0))
    rendered = render(samples.make_contents((table,)))
    printed = "".join(folded(page.extract_text()) for page in PdfReader(io.BytesIO(rendered.pdf)).pages)
    assert any(not term.isascii() for term in terms)
    assert [term for term in terms if folded(term) not in printed] == []


def folded(text: str) -> str:
    """Without blanks and line breaks, and without the two widths of one letter."""
    return unicodedata.normalize("NFKC", "".join(text.split()))
