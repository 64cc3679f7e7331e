"""Tab-separated files: the rules of CSV with another separator."""

from __future__ import annotations

from pathlib import Path

import pytest

from longwatch.errors import SourceError
from tests.integration.connectors.conftest import Reader


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["dm_metabolic", "lb_metabolic", "vs_metabolic", "qs_metabolic"])
def test_a_published_csv_with_tabs_is_the_same(read: Reader, shared_data: Path, tmp_path: Path, name: str) -> None:
    import csv

    source = shared_data / "metabolic" / f"{name}.csv"
    with source.open(newline="", encoding="utf-8") as lines, (tmp_path / "x.tsv").open("w", newline="") as target:
        csv.writer(target, delimiter="\t").writerows(csv.reader(lines))
    dataset = name[:2].upper()
    of_tabs, of_commas = read(tmp_path / "x.tsv", dataset=dataset), read(source, dataset=dataset)
    assert of_tabs.frame.equals(of_commas.frame)
    assert of_tabs.result.variables == of_commas.result.variables


def test_values(read: Reader, tmp_path: Path) -> None:
    """Commas are text; a tab is, in quotes; the rest is as in CSV: blanks, numbers, NA, the declared encoding."""
    content = b'USUBJID\tAESEQ\tAETERM\r\nS-001\t1\tFi\xe8vre, haute\r\nS-001\tNA\t"a\tb"\r\nS-002\t3.5\t \r\n'
    found = read(written(tmp_path / "ae.tsv", content), encoding="cp1252")
    assert found.result.dataset == "AE"
    assert found.column("AESEQ") == [1.0, None, 3.5]
    assert found.column("AETERM") == ["Fièvre, haute", "a\tb", None]


@pytest.mark.parametrize(
    ("content", "error_id", "words"),
    [
        (b"USUBJID,AESEQ\nS-001,1\n", "LW-SRC-060", "first line"),
        (b"USUBJID\tUSUBJID\nS-001\t1\n", "LW-SRC-014", "USUBJID"),
        (b"USUBJID\tAETERM\nS-001\tx\nS-002\ta\tb\n", "LW-SRC-062", "line 3"),
        (b"USUBJID\tAESEQ\nS-001\tone\n", "LW-SRC-063", "line 2: AESEQ"),
        (b'USUBJID\tAETERM\n"S-001\tx\nS-002\ty\n', "LW-SRC-064", "quotes"),
        (b"USUBJID\tAETERM\nS-001\tFi\xe8vre\n", "LW-SRC-012", "AE.AETERM, line 2"),
    ],
)
def test_what_is_wrong_is_named_by_line(
    read: Reader, tmp_path: Path, content: bytes, error_id: str, words: str
) -> None:
    with pytest.raises(SourceError) as refused:
        read(written(tmp_path / "ae.tsv", content))
    assert refused.value.error_id == error_id
    assert words in str(refused.value)
