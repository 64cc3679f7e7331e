"""A dictionary's new version moves a term: the data coded anew is another snapshot beside the old one (trap J.16)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from connectors.snapshot_store import FolderSnapshotStore
from longwatch.derive import derive
from longwatch.study import SourceSpec, parse_study
from longwatch.tables.catalogue import make_table

STUDY = """
longwatch: 1
study: {id: S, title: Recoded}
sources: [{path: data}]
treatment: {arms: [{code: CELL, name: Islet cells}]}
"""
DM = "STUDYID,DOMAIN,USUBJID,ARMCD,ACTARMCD\nS,DM,S1,CELL,CELL\n"
EX = "STUDYID,DOMAIN,USUBJID,EXSEQ,EXTRT,EXDOSE,EXSTDTC\nS,EX,S1,1,ISLET CELLS,1,2022-03-01\n"
AE = "STUDYID,DOMAIN,USUBJID,AESEQ,AETERM,AEDECOD,AEBODSYS,AESTDTC\nS,AE,S1,1,rash,Rash,{soc},2022-04-01\n"


def test_data_coded_anew_is_a_new_snapshot_and_the_old_one_stays(
    tmp_path: Path,
) -> None:
    """The PT stands under the SOC of its snapshot, in each of the two, before and after."""
    store, study = FolderSnapshotStore(tmp_path / "store"), parse_study(STUDY, "recoded")

    def freeze(soc: str) -> Any:
        folder = tmp_path / "data"
        folder.mkdir(exist_ok=True)
        for name, text in (("dm", DM), ("ex", EX), ("ae", AE.format(soc=soc))):
            (folder / f"{name}.csv").write_text(text)
        return store.freeze([SourceSpec(path=str(folder))], "", lambda _message: None).id

    def socs(snapshot: Any) -> set[str]:
        table = make_table("AET02", derive(store.open(snapshot), study, date(2023, 12, 31)), study)
        return {item.row_group for item in table.statistics if item.row == "Rash" and item.value}

    old = freeze("Skin")
    new = freeze("Immune system")
    assert old != new
    assert (socs(old), socs(new)) == ({"Skin"}, {"Immune system"})
