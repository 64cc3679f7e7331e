"""What the renderer's tests share: the samples, and rendered reports read back."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path
from types import ModuleType

import pytest
from pypdf import PdfReader

from longwatch.reports.contents import ReportContents
from report_templates import render

SAMPLE = Path(__file__).with_name("sample_report.py")


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sample_report", SAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def samples() -> ModuleType:
    """Builders of tables, listings and whole reports."""
    return _load()


@pytest.fixture(scope="session")
def sample_file() -> Path:
    """The samples as a program."""
    return SAMPLE


def read(contents: ReportContents) -> PdfReader:
    """The report, rendered and opened by an independent reader."""
    return PdfReader(io.BytesIO(render(contents).pdf), strict=True)


@pytest.fixture(scope="session")
def open_pdf() -> object:
    """Render and open."""
    return read


def texts(reader: PdfReader) -> list[str]:
    """The text of each page with white space folded."""
    return [" ".join(page.extract_text().split()) for page in reader.pages]


@pytest.fixture(scope="session")
def texts_of() -> object:
    """The text of each page of an opened report."""
    return texts


@pytest.fixture(scope="session")
def draft(samples: ModuleType) -> PdfReader:
    """The sample as a DRAFT."""
    return read(samples.make_contents())


@pytest.fixture(scope="session")
def stress(samples: ModuleType) -> PdfReader:
    """The report of everything that can go wrong."""
    return read(samples.make_stress())


@pytest.fixture(scope="session")
def draft_texts(draft: PdfReader) -> list[str]:
    """Its text, page by page."""
    return texts(draft)


@pytest.fixture(scope="session")
def stress_texts(stress: PdfReader) -> list[str]:
    """Its text, page by page."""
    return texts(stress)
