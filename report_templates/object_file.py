"""The objects of a ReportLab document, written to a file one by one: what is written need not be kept.

ReportLab itself formats all objects at the end, holds each as text, and joins them: several times the file in memory.
The file is the same kind (PDF 1.7, 7.5): header, objects in the order written, cross-reference table, trailer.
"""

from __future__ import annotations

from array import array
from typing import Any, BinaryIO


class ObjectFile:
    """A document (ReportLab's `PDFDocument`) on its way to a file. An object is written once; others may refer to it
    before and after."""

    def __init__(self, document: Any, file: BinaryIO) -> None:
        from reportlab.pdfbase.pdfdoc import PDFFile

        self.document = document
        self._file = file
        self._offsets = array("Q", [0])
        """Where each object begins, by its number; 0 where it is not written."""
        header: bytes = PDFFile(document._pdfVersion).format(document)
        file.write(header)

    def write(self, item: Any, *, forget: bool = False) -> bytes:
        """Write an object now, and let the document keep nothing of it but its number; gives the words that refer to
        it. `forget`: nothing refers to it from here on, and its number is not kept, either."""
        document = self.document
        name = document.Reference(item).name
        number, generation = document.idToObjectNumberAndVersion[name]
        self._write_object(number)
        del document.idToObject[name], document.numberToId[number]
        if forget:
            del document.idToObjectNumberAndVersion[name]
        return f"{number} {generation} R".encode("ascii")

    def finish(self) -> None:
        """Write what is not written yet, the cross-reference table and the trailer."""
        from reportlab.pdfbase.pdfdoc import PDFTrailer

        document = self.document
        root, info = document.Reference(document.Catalog), document.Reference(document.info)
        number = 1
        while number <= document.objectcounter:  # formatting an object may add others
            if number >= len(self._offsets) or not self._offsets[number]:
                self._write_object(number)
            number += 1
        start = self._file.tell()
        self._file.write(f"xref\n0 {number}\n0000000000 65535 f \n".encode("ascii"))
        self._file.writelines(f"{offset:010} 00000 n \n".encode("ascii") for offset in self._offsets[1:])
        trailer = PDFTrailer(startxref=start, Size=number, Root=root, Info=info, ID=document.ID())
        self._file.write(trailer.format(document))

    def _write_object(self, number: int) -> None:
        from reportlab.pdfbase.pdfdoc import PDFIndirectObject

        document = self.document
        name = document.numberToId[number]
        self._offsets.extend([0] * (number + 1 - len(self._offsets)))
        self._offsets[number] = self._file.tell()
        self._file.write(PDFIndirectObject(name, document.idToObject[name]).format(document))
