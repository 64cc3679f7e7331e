"""MOCKDRA 1.0: an invented dictionary in five levels, so that everything runs without a MedDRA licence.

Names are plain words, codes have six digits (no MedDRA code has): 71 SOC, 72 HLGT, 73 HLT, 74 PT, 75 LLT. Each term has
one SOC. `write_dictionary` lays it out in the `$`-delimited shape that a user's own dictionary has (spec A.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

NAME = "MOCKDRA"
VERSION = "1.0"

BLOOD = "BLOOD CELL DISORDERS"
INFECTION = "INFECTIONS"
GUT = "DIGESTIVE TRACT DISORDERS"
LIVER = "LIVER AND PORTAL VEIN DISORDERS"
KIDNEY = "KIDNEY DISORDERS"
NERVE = "BRAIN AND NERVE DISORDERS"
METABOLISM = "GLUCOSE AND METABOLISM DISORDERS"
SKIN = "SKIN AND MOUTH DISORDERS"
GENERAL = "GENERAL SYMPTOMS"
LUNG = "LUNG AND AIRWAY DISORDERS"
HEART = "HEART AND CIRCULATION DISORDERS"
GROWTH = "TUMOURS AND ABNORMAL GROWTHS"
MUSCLE = "MUSCLE AND JOINT DISORDERS"
PROCEDURE = "PROCEDURE EVENTS"
FINDING = "ABNORMAL TEST RESULTS"
EYE = "EYE DISORDERS"
GLAND = "GLAND DISORDERS"

# SOC → HLT → PT → the verbatim terms that are coded to it (each its own LLT).
_TERMS: dict[str, dict[str, dict[str, tuple[str, ...]]]] = {
    BLOOD: {
        "LOW WHITE CELLS": {
            "NEUTROPENIA": ("Neutropenia", "Low neutrophils", "Neutrophil count below normal"),
            "LYMPHOPENIA": ("Lymphopenia", "Low lymphocytes"),
        },
        "LOW RED CELLS AND PLATELETS": {
            "ANAEMIA": ("Anaemia", "Low haemoglobin", "Worsening anaemia"),
            "THROMBOCYTOPENIA": ("Thrombocytopenia", "Low platelets"),
        },
    },
    INFECTION: {
        "COMMON INFECTIONS": {
            "COLD": ("Common cold", "Head cold", "Runny nose with cough"),
            "URINARY INFECTION": ("Urinary tract infection", "Bladder infection", "UTI"),
            "PNEUMONIA": ("Pneumonia", "Lobar pneumonia"),
            "SHINGLES": ("Shingles", "Zoster"),
            "INFLUENZA": ("Influenza", "Flu"),
        },
        "INFECTIONS UNDER IMMUNOSUPPRESSION": {
            "CYTOMEGALOVIRUS INFECTION": ("CMV viraemia", "CMV infection"),
            "BK VIRUS INFECTION": ("BK viraemia", "BK virus in blood"),
            "ORAL THRUSH": ("Oral thrush", "Candida in mouth"),
            "CRYPTOCOCCAL MENINGITIS": ("Cryptococcal meningitis",),
        },
    },
    GUT: {
        "UPSET STOMACH AND BOWEL": {
            "NAUSEA": ("Nausea", "Feeling sick"),
            "VOMITING": ("Vomiting", "Emesis"),
            "DIARRHOEA": ("Diarrhoea", "Loose stools", "Watery stools"),
            "ABDOMINAL PAIN": ("Abdominal pain", "Belly pain", "Right upper belly pain"),
            "CONSTIPATION": ("Constipation", "Hard stools"),
        },
    },
    LIVER: {
        "PORTAL VEIN EVENTS": {"PORTAL VEIN THROMBOSIS": ("Portal vein thrombosis", "Branch portal vein clot")},
        "LIVER CELL EVENTS": {"LIVER INJURY": ("Liver injury", "Toxic liver reaction")},
    },
    KIDNEY: {
        "KIDNEY FUNCTION": {
            "KIDNEY FUNCTION REDUCED": ("Reduced kidney function", "Rising creatinine", "Tacrolimus kidney toxicity"),
            "PROTEIN IN URINE": ("Protein in urine", "Proteinuria"),
        },
    },
    NERVE: {
        "HEAD AND NERVE SYMPTOMS": {
            "HEADACHE": ("Headache", "Head pain", "Tension headache"),
            "TREMOR": ("Tremor", "Shaking hands"),
            "DIZZINESS": ("Dizziness", "Light-headed"),
            "NEUROPATHY": ("Neuropathy", "Numb feet"),
            "SLEEPLESSNESS": ("Sleeplessness", "Poor sleep"),
        },
        "BLEEDING IN THE BRAIN": {"CEREBRAL HAEMORRHAGE": ("Cerebral haemorrhage",)},
        "DECLINE OF THE MIND": {"NEUROCOGNITIVE DECLINE": ("Neurocognitive decline",)},
    },
    METABOLISM: {
        "LOW AND HIGH GLUCOSE": {
            "HYPOGLYCAEMIA": ("Hypoglycaemia", "Low glucose"),
            "SEVERE HYPOGLYCAEMIA": ("Severe hypoglycaemia", "Hypoglycaemia needing assistance"),
            "HYPERGLYCAEMIA": ("Hyperglycaemia", "High glucose"),
            "TYPE 1 DIABETES": ("Type 1 diabetes",),
            "ISLET GRAFT LOSS": ("Islet graft loss",),
        },
        "SALTS AND FATS": {
            "HIGH BLOOD LIPIDS": ("High blood lipids", "High cholesterol"),
            "LOW MAGNESIUM": ("Low magnesium", "Magnesium deficiency"),
        },
    },
    SKIN: {
        "MOUTH AND SKIN": {
            "MOUTH ULCER": ("Mouth ulcer", "Sores in mouth", "Mouth ulcers"),
            "ACNE": ("Acne", "Acne-like rash"),
            "RASH": ("Rash", "Itchy rash"),
            "HAIR LOSS": ("Hair loss", "Thinning hair"),
        },
    },
    GENERAL: {
        "FEELING UNWELL": {
            "FATIGUE": ("Fatigue", "Tiredness", "Exhaustion"),
            "FEVER": ("Fever", "Raised temperature"),
            "SWELLING": ("Swelling of ankles", "Leg swelling"),
        },
        "REACTIONS TO AN INFUSED DRUG": {"CHILLS WITH FEVER": ("Chills with fever", "Infusion reaction with chills")},
    },
    LUNG: {
        "AIRWAY SYMPTOMS": {"COUGH": ("Cough", "Dry cough"), "LUNG EMBOLISM": ("Lung embolism",)},
    },
    HEART: {
        "BLOOD PRESSURE": {"HIGH BLOOD PRESSURE": ("High blood pressure", "Hypertension")},
        "HEART EVENTS": {"CHEST PAIN": ("Chest pain", "Chest tightness")},
    },
    GROWTH: {
        "SKIN GROWTHS": {"SKIN CANCER": ("Basal cell skin cancer", "Squamous skin cancer")},
        "GROWTHS UNDER IMMUNOSUPPRESSION": {"LYMPHOID GROWTH": ("Lymphoid growth after transplant",)},
        "OVARIAN GROWTHS": {"OVARIAN CYST": ("Ovarian cyst", "Cyst of ovary")},
    },
    MUSCLE: {
        "JOINT AND MUSCLE PAIN": {
            "JOINT PAIN": ("Joint pain", "Knee pain"),
            "BACK PAIN": ("Back pain", "Low back pain"),
        },
    },
    PROCEDURE: {
        "PUNCTURE SITE": {
            "PROCEDURE BLEEDING": ("Bleeding after liver puncture", "Haematoma of liver surface"),
            "PROCEDURE PAIN": ("Pain after procedure", "Puncture site pain"),
        },
    },
    FINDING: {
        "LIVER TESTS": {"ALT RAISED": ("ALT raised", "Transaminases raised")},
        "IMMUNE TESTS": {"DONOR ANTIBODY FOUND": ("New donor-specific antibody",)},
    },
    EYE: {"RETINA": {"RETINOPATHY": ("Retinopathy", "Background retinopathy")}},
    GLAND: {"THYROID": {"LOW THYROID FUNCTION": ("Low thyroid function", "Hypothyroidism")}},
}


@dataclass(frozen=True)
class Term:
    """One preferred term with all that is above it, and the verbatim terms below it with their LLT codes."""

    pt: str
    pt_code: int
    hlt: str
    hlt_code: int
    hlgt: str
    hlgt_code: int
    soc: str
    soc_code: int
    llts: tuple[tuple[str, int], ...]


@cache
def dictionary() -> tuple[Term, ...]:
    """All preferred terms, in the order of SOC, HLT and PT above. An HLGT stands for all terms of its SOC."""
    terms: list[Term] = []
    hlt_code, llt_code = 730000, 750000
    for soc_number, (soc, hlts) in enumerate(_TERMS.items(), start=1):
        for hlt, pts in hlts.items():
            hlt_code += 1
            for pt, verbatims in pts.items():
                llts = tuple((verbatim, llt_code + number) for number, verbatim in enumerate(verbatims, start=1))
                llt_code += len(verbatims)
                terms.append(
                    Term(
                        pt,
                        740001 + len(terms),
                        hlt,
                        hlt_code,
                        f"ALL {soc}",
                        720000 + soc_number,
                        soc,
                        710000 + soc_number,
                        llts,
                    )
                )
    return tuple(terms)


@cache
def term(pt: str) -> Term:
    """The preferred term of a name. Raises KeyError where the dictionary has none."""
    found = {entry.pt: entry for entry in dictionary()}
    return found[pt]


def write_dictionary(folder: Path) -> None:
    """`mdhier.asc` (PT, HLT, HLGT and SOC with codes, primary-SOC flag) and `llt.asc` (LLT code, name, PT code)."""
    folder.mkdir(parents=True, exist_ok=True)
    lowest = [f"{code}${name}${t.pt_code}$$$$$$$Y$$" for t in dictionary() for name, code in t.llts]
    (folder / "mdhier.asc").write_text(hierarchy(), encoding="ascii", newline="\n")
    (folder / "llt.asc").write_text("\n".join(lowest) + "\n", encoding="ascii", newline="\n")


def hierarchy() -> str:
    """The text of `mdhier.asc`."""
    lines = [
        f"{t.pt_code}${t.hlt_code}${t.hlgt_code}${t.soc_code}${t.pt}${t.hlt}${t.hlgt}${t.soc}$${''}${t.soc_code}$Y$"
        for t in dictionary()
    ]
    return "\n".join(lines) + "\n"
