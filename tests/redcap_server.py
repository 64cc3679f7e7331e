"""A loopback server that answers as REDCap's published API does; no real REDCap was reached.

The project is longitudinal and has a repeating form. Its exchanges were written after the
API's own documentation (project info, metadata, instruments, form-event mappings, repeating instruments, records).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from tests.web_server import ANSWER

TOKEN = "0123456789ABCDEF0123456789ABCDEF"

PROJECT = {
    "project_id": "42", "project_title": "Islets, follow-up", "creation_time": "2026-01-05 09:00:00",
    "in_production": "1", "is_longitudinal": 1, "has_repeating_instruments_or_events": 1, "surveys_enabled": "0",
    "record_autonumbering_enabled": 1, "missing_data_codes": "",
}  # fmt: skip
METADATA = """\
field_name,form_name,section_header,field_type,field_label,select_choices_or_calculations,field_note,\
text_validation_type_or_show_slider_number,text_validation_min,text_validation_max,identifier,branching_logic,\
required_field,custom_alignment,question_number,matrix_group_name,matrix_ranking,field_annotation
record_id,demographics,,text,Record ID,,,,,,,,,,,,,
sex,demographics,,radio,Sex,"1, Female | 2, Male",,,,,,,,,,,,
age,demographics,,text,Age,,,integer,,,,,,,,,,
ae_term,adverse_events,,text,"Event, as reported",,,,,,,,,,,,,
ae_start,adverse_events,,text,Start,,,datetime_ymd,,,,,,,,,,
ae_serious,adverse_events,,yesno,Serious,,,,,,,,,,,,,
glucose,visit,,text,Glucose,,,number,,,,,,,,,,
"""
INSTRUMENTS = """\
instrument_name,instrument_label
demographics,Demographics
adverse_events,"Adverse events"
visit,Visit
death,Death
"""
EVENTS = """\
arm_num,unique_event_name,form
1,baseline_arm_1,demographics
1,baseline_arm_1,adverse_events
1,month_3_arm_1,visit
"""
REPEATING = """\
event_name,form_name,custom_form_label
baseline_arm_1,adverse_events,
"""
# Each record has a row of its own beside those of the repeated form, with nothing of this form in it.
RECORDS = {
    ("demographics", "raw"): """\
record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,sex,age,demographics_complete
1,baseline_arm_1,,,1,34,2
2,baseline_arm_1,,,2,51,2
2,month_3_arm_1,,,,,
""",
    ("demographics", "label"): """\
record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,sex,age,demographics_complete
1,Baseline,,,Female,34,Complete
2,Baseline,,,Male,51,Complete
""",
    ("adverse_events", "raw"): """\
record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,ae_term,ae_start,ae_serious,adverse_events_complete
1,baseline_arm_1,,,,,,0
1,baseline_arm_1,adverse_events,1,"Fièvre, légère","2026-01-31 09:30",0,2
1,baseline_arm_1,adverse_events,2,"Hypo
two lines",2026-02-01,1,1
2,baseline_arm_1,concomitant_medication,1,,,,
2,baseline_arm_1,adverse_events,1,Nausea,,0,0
""",
    ("visit", "raw"): """\
record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,glucose,visit_complete
1,month_3_arm_1,,,5.4,2
2,month_3_arm_1,,,,0
""",
    ("death", "raw"): "",
}


@dataclass
class RedcapServer:
    """`faults`: answers instead of the next ones, one each. `asked`: what was posted. `records`: by form and kind of
    values."""

    url: str = ""
    faults: list[ANSWER] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    records: dict[tuple[str, str], str] = field(default_factory=lambda: dict(RECORDS))

    def answer(self, asked: dict[str, str]) -> tuple[int, str, str]:
        """Status, media type and text for what was posted."""
        if asked.get("token") != TOKEN:
            return 403, "application/json", json.dumps({"error": "You do not have permissions to use the API"})
        content = asked.get("content", "")
        if content == "project":
            return 200, "application/json", json.dumps(PROJECT)
        if content == "metadata" and asked.get("format") == "json":
            names = METADATA.splitlines()
            rows = [dict(zip(names[0].split(","), line.split(",")[:2], strict=False)) for line in names[1:]]
            return 200, "application/json", json.dumps(rows)
        texts = {
            "metadata": METADATA, "instrument": INSTRUMENTS, "formEventMapping": EVENTS,
            "repeatingFormsEvents": REPEATING,
        }  # fmt: skip
        if content in texts:
            return 200, "text/csv; charset=utf-8", texts[content]
        form = asked.get("forms[0]", "")
        text = self.records.get((form, asked.get("rawOrLabel", "raw")))
        if content == "record" and text is not None:
            return 200, "text/csv; charset=utf-8", text
        return 400, "text/csv; charset=utf-8", f"ERROR: The following values are not valid: '{form}'"


@contextmanager
def redcap() -> Iterator[RedcapServer]:
    """The server, up while the block runs; its API is at `url`."""
    served = RedcapServer()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_arguments: object) -> None: ...

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
            served.asked.append(asked)
            if served.faults and served.faults.pop(0)(self):
                return
            status, media, text = served.answer(asked)
            content = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{http.server_port}/api/"
    thread = threading.Thread(target=http.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield served
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
