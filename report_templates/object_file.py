"""The objects of a ReportLab document, written to a file one by one: what is written need not be kept.

ReportLab itself formats all objects at the end, holds each as text, and joins them: several times the file in memory.
The file is the same kind (PDF 1.7, 7.5): header, objects in the order written, cross-reference table, trailer.
"""

from __future__ import annotations

from typing import Any, BinaryIO


class ObjectFile:
    """A document (ReportLab's `PDFDocument`) on its way to a file. An object is written once; others may refer to it
    before and after."""

    def __init__(self, document: Any, file: BinaryIO) -> None:
        from reportlab.pdfbase.pdfdoc import PDFFile

        self.document = document
        self._file = file
        header: bytes = PDFFile(document._pdfVersion).format(document)
        file.write(header)

    def write(self, item: Any) -> Any:
        """Write an object now and let the document forget it; gives the reference that stands for it."""
        reference = self.document.Reference(item)
        self._write_named(reference.name)
        return reference

    def finish(self) -> None:
        """Write what is not written yet, the cross-reference table and the trailer."""
        from reportlab.pdfbase.pdfdoc import PDFCrossReferenceTable, PDFTrailer

        document = self.document
        root, info = document.Reference(document.Catalog), document.Reference(document.info)
        number = 1
        while number in document.numberToId:  # formatting an object may add others
            name = document.numberToId[number]
            if name not in document.idToOffset:
                self._write_named(name)
            number += 1
        table = PDFCrossReferenceTable()
        table.addsection(0, [document.numberToId[each] for each in range(1, number)])
        start = self._file.tell()
        self._file.write(table.format(document))
        trailer = PDFTrailer(startxref=start, Size=number, Root=root, Info=info, ID=document.ID())
        self._file.write(trailer.format(document))

    def _write_named(self, name: str) -> None:
        from reportlab.pdfbase.pdfdoc import PDFIndirectObject

        document = self.document
        document.idToOffset[name] = self._file.tell()
        self._file.write(PDFIndirectObject(name, document.idToObject[name]).format(document))
        document.idToObject[name] = None
