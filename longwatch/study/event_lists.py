"""What a study file says of lists of terms: the files that hold them, and the AESIs made of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from longwatch.study.part import Part


class EventGroupsSpec(Part):
    """Lists of terms that the study brings. `kind`: OCMQ, SMQ or CQ (a sponsor's own). `file`: a CSV of lists, relative
    to the study file; SMQs without one are those of the folder `dictionaries: meddra_folder`."""

    kind: Literal["OCMQ", "SMQ", "CQ"]
    file: str = ""

    @model_validator(mode="after")
    def check_file(self) -> EventGroupsSpec:
        """Only SMQs are somewhere else."""
        if not self.file and self.kind != "SMQ":
            raise ValueError(f"name the file of these {self.kind}s")
        return self


class Terms(Part):
    """Adverse events by their terms: PTs (`terms`), whole SOCs (`socs`), and lists of `event_groups` by name or id
    (`groups`), of which `scope` takes the narrow terms or all."""

    terms: tuple[str, ...] = ()
    socs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    scope: Literal["narrow", "broad"] = "narrow"

    @model_validator(mode="after")
    def check_some(self) -> Terms:
        """There is one."""
        if not (self.terms or self.socs or self.groups):
            raise ValueError("name terms, socs or groups")
        return self


class AesiSpec(Part):
    """An adverse event of special interest: the PTs (`terms`), whole SOCs (`socs`), and lists of `event_groups` by name
    or id (`groups`), of which `scope` takes the narrow terms or all."""

    name: Annotated[str, Field(min_length=1)]
    terms: tuple[str, ...] = ()
    socs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    scope: Literal["narrow", "broad"] = "narrow"

    @model_validator(mode="after")
    def check_terms(self) -> AesiSpec:
        """It has a term."""
        if not (self.terms or self.socs or self.groups):
            raise ValueError("name its terms, socs or groups")
        return self
