"""What a file says of itself: the information dictionary's words again as XMP, and what its colours mean.

PDF/A-2b (ISO 19005-2, 6.6 and 6.2.3) asks for both. XMP and information dictionary must say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from longwatch.standards.legible import legible
from report_templates.colour_profile import NAME, make_srgb

PROGRAM = "Longwatch"
CREATED = (2000, 1, 1, 0, 0, 0)
"""The file's dates. A report has none of its own: its cut-off is printed, and the archive knows when it was kept."""


@dataclass(frozen=True)
class FileProperties:
    """What the file says of itself. `identifier`: 64 hexadecimal digits, the report key."""

    title: str
    author: str
    subject: str
    language: str
    identifier: str


def add_metadata(canvas: Any, properties: FileProperties) -> None:
    """Set properties, XMP and output intent of the document of a ReportLab canvas."""
    from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFName, PDFStream, PDFString

    canvas.setTitle(legible(properties.title))
    canvas.setAuthor(legible(properties.author))
    canvas.setSubject(legible(properties.subject))
    canvas.setCreator(PROGRAM)
    canvas.setProducer(PROGRAM)
    canvas.setKeywords("")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    document = canvas._doc
    document._timeStamp.YMDhms, document._timeStamp.dhh, document._timeStamp.dmm = CREATED, 0, 0
    half = properties.identifier[:32].encode("ascii")
    document._ID = b"\n[<" + half + b"><" + half + b">]\n"

    words = PDFDictionary({"Type": PDFName("Metadata"), "Subtype": PDFName("XML")})
    profile = PDFStream(PDFDictionary({"N": 3}), make_srgb())
    intent = PDFDictionary(
        {
            "Type": PDFName("OutputIntent"),
            "S": PDFName("GTS_PDFA1"),
            "OutputConditionIdentifier": PDFString(NAME),
            "Info": PDFString(NAME),
            "DestOutputProfile": document.Reference(profile),
        }
    )
    catalogue = document.Catalog
    catalogue.Metadata = PDFStream(words, _xmp(properties))
    # ReportLab's catalogue knows no output intents: it writes what it has a default for.
    catalogue.__Defaults__ = {**type(catalogue).__Defaults__, "OutputIntents": PDFArray([document.Reference(intent)])}


def _xmp(properties: FileProperties) -> bytes:
    """The packet (ISO 16684-1). No time but the file's fixed one, no random identifier."""
    created = "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z".format(*CREATED)
    title, author, subject, language = (
        escape(legible(text)) for text in (properties.title, properties.author, properties.subject, properties.language)
    )
    lines = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>',
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">',
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        ' xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">',
        "<pdfaid:part>2</pdfaid:part>",
        "<pdfaid:conformance>B</pdfaid:conformance>",
        "<dc:format>application/pdf</dc:format>",
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>',
        f"<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>",
        f'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{subject}</rdf:li></rdf:Alt></dc:description>',
        f"<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>",
        f"<pdf:Producer>{PROGRAM}</pdf:Producer>",
        "<pdf:Keywords></pdf:Keywords>",
        f"<xmp:CreatorTool>{PROGRAM}</xmp:CreatorTool>",
        f"<xmp:CreateDate>{created}</xmp:CreateDate>",
        f"<xmp:ModifyDate>{created}</xmp:ModifyDate>",
        "</rdf:Description>",
        "</rdf:RDF>",
        "</x:xmpmeta>",
        '<?xpacket end="w"?>',
    )
    return "\n".join(lines).encode()
