"""The worked example of follow-up (spec D.3): three subjects, cut on 2025-06-30."""

from __future__ import annotations

from datetime import date
from typing import Any

Records = list[dict[str, Any]]
CUT = date(2025, 6, 30)
INFUSED = {"S1": "2022-03-01", "S2": "2022-06-15", "S3": "2023-01-20"}
# The example of spec D.3: S1 seen last on 2025-03-01, S2 lost on 2023-01-10, S3 died on the day of the cut.
HELD = {"S1": ("2023-03-01", "2024-03-01", "2025-03-01"), "S2": ("2023-01-10",), "S3": ("2024-01-20", "2025-01-20")}
NAMES = {"2023-01-10": "UNSCHEDULED"}
EXAMPLE: dict[str, Records] = {
    "DM": [
        {"USUBJID": name, "ARMCD": "CELL", "ACTARMCD": "CELL", "DTHFL": "Y" if name == "S3" else None,
         "DTHDTC": "2025-06-30" if name == "S3" else None, "RFPENDTC": "2025-06-30" if name == "S3" else None}
        for name in INFUSED
    ],
    "EX": [{"USUBJID": name, "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": day} for name, day in INFUSED.items()],
    "AE": [dict.fromkeys(("USUBJID", "AEDECOD", "AEBODSYS", "AESTDTC"))],
    "SV": [
        {"USUBJID": name, "VISIT": NAMES.get(day, ("MONTH 12", "MONTH 24", "YEAR 3")[place]), "SVSTDTC": day}
        for name, days in HELD.items()
        for place, day in enumerate(days)
    ],
    "DS": [{"USUBJID": "S2", "DSDECOD": "LOST TO FOLLOW-UP", "DSSTDTC": "2023-04-10"}],
    "CONTACT": [
        {"USUBJID": "S2", "DTC": day, "RESULT": result}
        for day, result in (("2023-01-10", "REACHED"), ("2023-02-01", "NO_ANSWER"), ("2023-03-01", "LETTER_SENT"),
                            ("2023-04-10", "NO_ANSWER"))
    ],
}  # fmt: skip
