"""The study file of ISLET-1."""

from __future__ import annotations

from simulation import mockdra
from simulation.event_profiles import POSSIBLE, RELATEDNESS
from simulation.parameters import INDUCTION, PRODUCT, STUDY_ID, TITLE, Parameters
from simulation.trial_design import CTCAE, PROTOCOL

DATA_FOLDER = "data"
DICTIONARY_FOLDER = "dictionary"
MAINTENANCE = ("TACROLIMUS", "SIROLIMUS", "MYCOPHENOLATE")


def study_file(p: Parameters) -> str:
    """study.yaml as text. The cut-off is that of the data (TS.DCUTDTC)."""
    arms = "\n".join(f"    - {{code: {arm.code}, name: {arm.name}}}" for arm in p.arms)
    return f"""# Made by Longwatch's generator. No person, product or dictionary in this study is real.
longwatch: 1
study:
  id: {STUDY_ID}
  title: "{TITLE}"
  sponsor: Example Cell Works (fictitious)
  protocol: {PROTOCOL}
  timezone: Europe/Zurich
sources:
  - path: {DATA_FOLDER}
treatment:
  basis: actual
  arms:
{arms}
  products: [{PRODUCT}]
treatment_emergence:
  reference: FIRST_INFUSION
relatedness:
  related: [{", ".join(RELATEDNESS[POSSIBLE:])}]
  not_related: [{", ".join(RELATEDNESS[:POSSIBLE])}]
exposure:
  product: infusions
  classes:
    - {{name: Calcineurin inhibitors, drugs: [TACROLIMUS]}}
    - {{name: mTOR inhibitors, drugs: [SIROLIMUS]}}
    - {{name: Antiproliferatives, drugs: [MYCOPHENOLATE]}}
    - {{name: Induction, drugs: [{INDUCTION}]}}
  troughs: {{TACROLIMUS: TACRO}}
follow_up:
  malignancies:
    - {{name: Skin cancer other than melanoma, terms: [SKIN CANCER]}}
    - {{name: PTLD, terms: [LYMPHOID GROWTH]}}
  organs:
    - {{name: Neuropathy, terms: [NEUROPATHY]}}
    - {{name: Kidney function reduced, terms: [KIDNEY FUNCTION REDUCED]}}
    - {{name: Chest pain, terms: [CHEST PAIN]}}
  recurrent:
    - {{name: Infections, socs: [INFECTIONS]}}
algorithmic_queries:
  - query: hypoglycaemia
    terms: {{terms: [HYPOGLYCAEMIA, SEVERE HYPOGLYCAEMIA]}}
    symptoms: {{terms: [TREMOR, DIZZINESS, HEADACHE, FATIGUE]}}
    clinical_events: [HYPOGLYCAEMIA]
    criteria: [{{name: Any hypoglycaemia recorded as a clinical event, clinical_events: 1}}]
  - query: hyperglycaemia
    terms: {{terms: [HYPERGLYCAEMIA]}}
aesi:
  - {{name: Portal vein event, terms: [PORTAL VEIN THROMBOSIS], window: {{days: [0, 90]}}, denominator: procedures}}
  - {{name: Procedure bleeding, terms: [PROCEDURE BLEEDING], window: {{days: [0, 28]}}, denominator: procedures}}
  - name: Raised transaminases
    laboratory:
      - {{analyte: ALT, comparison: above, value: 3, unit: x ULN}}
      - {{analyte: AST, comparison: above, value: 3, unit: x ULN}}
    window: {{days: [0, 14]}}
    denominator: procedures
  - name: Neutropenia
    terms: [NEUTROPENIA]
    laboratory:
      - {{analyte: NEUT, comparison: below, value: 1, unit: 10^9/L}}
  - name: Opportunistic infection
    terms: [CYTOMEGALOVIRUS INFECTION, BK VIRUS INFECTION, SHINGLES, ORAL THRUSH]
    denominator: events
  - name: Kidney function lost
    terms: [KIDNEY FUNCTION REDUCED]
    laboratory:
      - {{analyte: EGFR, comparison: at_most, value: -25, unit: "% of baseline"}}
comparison:
  control: {p.arms[1].code}
  statistics: [risk_difference]
dictionaries:
  meddra: "{mockdra.NAME} {mockdra.VERSION}"
  ctcae: "{CTCAE}"
  meddra_folder: {DICTIONARY_FOLDER}
rules:
  parameters:
    LB05: {{required: "Y"}}
    CH09: {{drugs: [{", ".join(MAINTENANCE)}]}}
"""
