"""Readers of a table's documents: the header and the rows as a program that knows nothing of ours finds them."""

from __future__ import annotations

import io
import re

from docx import Document
from docx.table import _Row
from lxml import etree, html

Rows = list[list[str]]


def read_html(text: str) -> tuple[Rows, Rows]:
    """Header rows and body rows of the one table."""
    [table] = html.document_fromstring(text.encode()).findall(".//table")
    head, body = (
        [["".join(cell.itertext()) for cell in row] for row in table.find(part)] for part in ("thead", "tbody")
    )
    return head, body


def read_docx(content: bytes) -> tuple[Rows, Rows]:
    """Header rows (marked to be repeated) and body rows of the one table, by python-docx."""
    [table] = Document(io.BytesIO(content)).tables
    head: Rows = []
    body: Rows = []
    for row in table.rows:
        (head if _is_repeated(row) else body).append([cell.text for cell in dict.fromkeys(row.cells)])
    return head, body


def _is_repeated(row: _Row) -> bool:
    marks: list[etree._Element] = row._tr.xpath("./w:trPr/w:tblHeader")
    return bool(marks)


_RTF = re.compile(r"\\u(-?\d+)\?|\\([\\{}*])|\\([a-z]+)(-?\d+)? ?|([{}])|\n|([^\\{}\n])")


def read_rtf(text: str) -> tuple[Rows, Rows]:
    """Header rows (`\\trhdr`) and body rows, from the file's control words alone."""
    head: Rows = []
    body: Rows = []
    cells: list[str] = []
    units = bytearray()
    is_head = False
    place = 0
    while place < len(text):
        match = _RTF.match(text, place)
        assert match is not None, text[place : place + 40]
        place = match.end()
        code, escaped, word, _, _, plain = match.groups()
        if code is not None:
            units += (int(code) % 65536).to_bytes(2, "little")
        elif escaped or plain:
            units += (escaped or plain).encode("utf-16-le")
        elif word == "trowd":
            is_head, cells, units = False, [], bytearray()
        elif word == "trhdr":
            is_head = True
        elif word == "cell":
            cells.append(units.decode("utf-16-le"))
            units = bytearray()
        elif word == "row":
            (head if is_head else body).append(cells)
    return head, body
