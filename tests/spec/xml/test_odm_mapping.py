"""From ODM values to datasets: which item is which variable, said item by item."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from longwatch.errors import LongwatchError, SourceError, StudyError
from longwatch.standards.odm import LONG_SCHEMA, read_odm
from longwatch.standards.odm_mapping import (
    Constant,
    FromItem,
    FromKey,
    FromUnit,
    OdmDataset,
    RecordNumber,
    RowLevel,
    map_odm,
)
from longwatch.standards.odm_metadata import OdmItem, OdmItemGroup, OdmMetadata

LONG = pl.DataFrame(
    [
        # study, version, subject, site, event, repeat, form, repeat, group, repeat, item, value, unit
        ("S", "V", "001", "L.1", "SE.1", None, "DM", None, "IG.DM", None, "I.AGE", " 34 ", None),
        ("S", "V", "001", "L.1", "SE.1", None, "DM", None, "IG.DM", None, "I.SEX", "2", None),
        ("S", "V", "001", "L.1", "SE.1", None, "DM", None, "IG.HIST", None, "I.YEAR", "1999", None),
        ("S", "V", "001", "L.1", "SE.2", "1", "AE", "1", "IG.AE", "1", "I.TERM", " Nausea ", None),
        ("S", "V", "001", "L.1", "SE.2", "1", "AE", "1", "IG.AE", "1", "I.TEMP", "38.2", "MU.C"),
        ("S", "V", "001", "L.1", "SE.2", "1", "AE", "1", "IG.AE", "2", "I.TERM", "Fever", None),
        ("S", "V", "002", None, "SE.1", None, "DM", None, "IG.DM", None, "I.SEX", "9", None),
        ("S", "V", "002", None, "SE.2", "1", "AE", "1", "IG.AE", "1", "I.SERIOUS", "Y", None),
        ("S", "V", "001", "L.1", "SE.2", "2", "AE", "1", "IG.AE", "1", "I.TERM", "Rash", None),
    ],
    schema=LONG_SCHEMA,
    orient="row",
)

AE = OdmDataset(
    item_groups=("IG.AE",),
    variables={
        "STUDYID": Constant("ISLET-1"),
        "USUBJID": FromKey("SubjectKey"),
        "SITEID": FromKey("LocationOID", {"L.1": "Basel"}),
        "AESEQ": RecordNumber(),
        "AETERM": FromItem("I.TERM"),
        "TEMP": FromItem("I.TEMP", number=True),
        "TEMPU": FromUnit("I.TEMP", {"MU.C": "C"}),
        "VISIT": FromKey("StudyEventRepeatKey"),
    },
)


def test_one_record_per_item_group() -> None:
    """Records and columns in order; text kept exactly; what a record lacks is null; a record whose mapped items are
    all missing is still a record; the number counts within the subject."""
    ae = map_odm(LONG, {"AE": AE})["AE"]
    assert ae.rows() == [
        ("ISLET-1", "001", "Basel", 1.0, " Nausea ", 38.2, "C", "1"),
        ("ISLET-1", "001", "Basel", 2.0, "Fever", None, None, "1"),
        ("ISLET-1", "002", None, 1.0, None, None, None, "1"),
        ("ISLET-1", "001", "Basel", 3.0, "Rash", None, None, "2"),
    ]
    assert ae.columns == list(AE.variables)
    assert [name for name, dtype in ae.schema.items() if dtype == pl.Float64] == ["AESEQ", "TEMP"]


def test_one_record_per_subject_or_visit_joins_item_groups() -> None:
    """A number where SDTM makes it one (AGE), unless said otherwise; a code without a term stays as it is."""
    variables = {
        "SUBJID": FromKey("SubjectKey"), "AGE": FromItem("I.AGE"), "SEX": FromItem("I.SEX", {"1": "M", "2": "F"}),
        "YEAR": FromItem("I.YEAR"),
    }  # fmt: skip
    expected = [("001", 34.0, "F", "1999"), ("002", None, "9", None)]
    levels: tuple[RowLevel, ...] = ("subject", "event", "form")
    for level in levels:
        dm = OdmDataset(("IG.DM", "IG.HIST"), variables, one_row_per=level)
        assert map_odm(LONG, {"DM": dm})["DM"].rows() == expected
    as_text = OdmDataset(("IG.DM",), {"AGE": FromItem("I.AGE", number=False)})
    assert map_odm(LONG, {"DM": as_text})["DM"]["AGE"].to_list() == [" 34 ", None]


def test_only_from_the_named_forms() -> None:
    """The same item group may stand in several forms."""
    nowhere = OdmDataset(("IG.AE",), AE.variables, forms=("OTHER",))
    frame = map_odm(LONG.lazy(), {"AE": nowhere})["AE"]
    assert frame.shape == (0, 8)
    assert frame.schema["TEMP"] == pl.Float64


METADATA = OdmMetadata(
    item_groups={"IG.AE": OdmItemGroup("IG.AE", "AE")},
    items={oid: OdmItem(oid, oid) for oid in ("I.TERM", "I.TEMP")},
    forms={"AE": "Adverse events"},
)


@pytest.mark.parametrize(
    ("dataset", "error", "error_id", "found"),
    [
        (OdmDataset(("IG.XX",), {}), StudyError, "LW-ODM-006", "IG.XX"),
        (OdmDataset(("IG.AE",), {}, forms=("F",)), StudyError, "LW-ODM-006", "F"),
        (OdmDataset(("IG.AE",), {"AETERM": FromItem("I.TREM")}), StudyError, "LW-ODM-006", "I.TREM"),
        (OdmDataset(("IG.AE",), {"X": FromKey("Subject")}), StudyError, "LW-ODM-007", "Subject"),
        (
            OdmDataset(("IG.AE",), {"X": FromKey("FormOID")}, one_row_per="subject"),
            StudyError,
            "LW-ODM-007",
            "FormOID",
        ),
        (
            OdmDataset(("IG.AE",), {"AETERM": FromItem("I.TERM")}, one_row_per="subject"),
            SourceError,
            "LW-ODM-008",
            "3 values of I.TERM in the first of them",
        ),
        (OdmDataset(("IG.AE",), {"X": FromItem("I.TERM", number=True)}), SourceError, "LW-ODM-009", ""),
    ],
)
def test_what_is_refused(dataset: OdmDataset, error: type[LongwatchError], error_id: str, found: str) -> None:
    """An id that the file does not define, a key that the records have not, several values for one record, a number
    that is none. Nothing is guessed and no value is dropped in silence."""
    with pytest.raises(error) as refused:
        map_odm(LONG, {"AE": dataset}, METADATA)
    assert (refused.value.error_id, refused.value.found) == (error_id, found)


def test_without_metadata_an_id_that_never_occurs_is_a_missing_value() -> None:
    """A file of data alone cannot say whether an id exists."""
    dataset = OdmDataset(("IG.AE",), {"AETERM": FromItem("I.TREM")})
    assert map_odm(LONG, {"AE": dataset}, OdmMetadata())["AE"]["AETERM"].to_list() == [None] * 4


@pytest.mark.shared_data
def test_the_public_snapshot_becomes_adverse_events(shared_data: Path) -> None:
    """Two subjects with ten adverse events each; the terms as they stand in the file."""
    snapshot = read_odm((shared_data / "odm/odm-data-snapshot.xml").read_bytes())
    mapping = {
        "AE": OdmDataset(
            ("IG.AE.AE_ARRAY1",),
            {
                "USUBJID": FromKey("SubjectKey"),
                "AESEQ": RecordNumber(),
                "AETERM": FromItem("IT.AETERM"),
                "AETOXGR": FromItem("IT.AETOXGR"),
                "VISIT": FromKey("StudyEventOID", snapshot.metadata.events),
            },
        )
    }
    ae = map_odm(snapshot.values, mapping, snapshot.metadata)["AE"]
    assert ae.height == 20
    assert ae.head(3).rows() == [
        ("SS_0001", 1.0, "Constipation", "No", "Visit 1"),
        ("SS_0001", 2.0, "Diarrhea", None, "Visit 1"),
        ("SS_0001", 3.0, "Anal Pain", "2", "Visit 1"),
    ]
