"""What a study file may say about a source, and what it is refused: never with a secret repeated."""

from __future__ import annotations

import pytest

from longwatch.errors import StudyError
from longwatch.study import PlaceKind, SourceSpec, parse_study

STUDY = """\
longwatch: 1
study:
  id: ISLET-1
  title: Islets
treatment:
  arms:
    - {code: A, name: Cells}
sources:
"""
SECRET = "s3cret-of-the-sponsor"


def source(text: str) -> SourceSpec:
    return parse_study(STUDY + text, "study.yaml").sources[0]


@pytest.mark.parametrize(
    ("text", "kind", "shown"),
    [
        ("  - path: data", PlaceKind.LOCAL, "data"),
        ("  - path: what?.csv", PlaceKind.LOCAL, "what?.csv"),
        ("  - path: s3://bucket/cut", PlaceKind.BUCKET, "s3://bucket/cut"),
        ("  - path: https://edc.example/ae.xpt?cut=3", PlaceKind.WEB, "https://edc.example/ae.xpt"),
        (
            "  - {path: 'https://edc.example/', include: [ae.xpt], token: {env: EDC}}",
            PlaceKind.WEB,
            "https://edc.example/",
        ),
        (
            "  - {path: 'postgresql://reader@host/edc?sslmode=require', tables: {AE: edc.ae}, password: {file: pw}}",
            PlaceKind.DATABASE,
            "postgresql://reader@host/edc",
        ),
        ("  - {path: 'sqlite:///edc.db', queries: {AE: select 1}}", PlaceKind.DATABASE, "sqlite:///edc.db"),
        (
            "  - {path: 'https://host/api/', token: {env: REDCAP}, forms: {AE: {form: ae, columns: {AETERM: term}}}}",
            PlaceKind.REDCAP,
            "https://host/api/",
        ),
        (
            "  - {path: 'http://127.0.0.1:8000/ae.xpt', token: {env: EDC}}",
            PlaceKind.WEB,
            "http://127.0.0.1:8000/ae.xpt",
        ),
    ],
)
def test_a_path_says_what_place_it_is(text: str, kind: PlaceKind, shown: str) -> None:
    assert source(text).kind is kind
    assert source(text).shown == shown


@pytest.mark.parametrize(
    ("text", "says"),
    [
        # a secret where none may stand
        (f"  - path: https://reader:{SECRET}@host/ae.xpt", "credentials stand in the address"),
        (f"  - path: https://{SECRET}@host/ae.xpt", "credentials stand in the address"),
        (
            f"  - {{path: 'postgresql://reader:{SECRET}@host/edc', tables: {{AE: ae}}}}",
            "credentials stand in the address",
        ),
        (f"  - path: https://host/ae.xpt?access_token={SECRET}", "carries a secret after the `?`"),
        (f"  - path: https://host/ae.xpt?X-Amz-Signature={SECRET}", "carries a secret after the `?`"),
        (
            f"  - {{path: 'postgresql://host/edc?password={SECRET}', tables: {{AE: ae}}}}",
            "carries a secret after the `?`",
        ),
        (f"  - {{path: 'https://host/ae.xpt', token: {SECRET}}}", "a secret never stands in a study file"),
        (f"  - {{path: 'https://host/ae.xpt', token: {{value: {SECRET}}}}}", "a secret never stands in a study file"),
        (f"  - {{path: 'https://host/ae.xpt', token: {{env: {SECRET}}}}}", "is the name of a variable"),
        (
            "  - {path: 'https://host/ae.xpt', token: {env: A123456789ABCDEF0123456789ABCDEF}}",
            "is the name of a variable",
        ),
        ("  - {path: 'https://host/ae.xpt', token: {env: ''}}", "names no variable"),
        (f"  - {{path: 'https://host/ae.xpt', tokn: {SECRET}}}", "there is no such key here, did you mean token?"),
        # a secret that would go in the clear
        ("  - {path: 'http://host/ae.xpt', token: {env: EDC}}", "http:// would send the secret unprotected"),
        # what a place does not understand, and what it needs
        ("  - {path: data, token: {env: EDC}}", "`token:` means nothing for a folder"),
        ("  - {path: 's3://bucket/cut', token: {env: EDC}}", "AWS_ACCESS_KEY_ID"),
        ("  - {path: 'https://host/ae.xpt', tables: {AE: ae}}", "`tables:` means nothing for a web address"),
        ("  - {path: 'https://host/ae.xpt', user: me}", "belong together"),
        ("  - {path: 'https://host/ae.xpt', token: {env: A}, user: me, password: {env: B}}", "either `token:`"),
        ("  - path: https://host/cut/", "needs `include:`"),
        ("  - {path: 'https://host/cut/', include: [../ae.xpt]}", "without folders"),
        ("  - {path: 'https://host/ae.xpt', include: [ae.xpt]}", "`include:` chooses from"),
        ("  - path: https:///ae.xpt", "names no host"),
        ("  - path: sftp://host/cut", "sftp:// is not fetched from"),
        ("  - path: postgresql://host/edc", "a database needs `tables:` or `queries:`"),
        ("  - {path: 'sqlite:///e.db', tables: {AE: ae}, queries: {AE: select 1}}", "AE stands in `tables:` and in"),
        ("  - {path: 'sqlite:///e.db', queries: {AE: drop table ae}}", "does not begin with select"),
        ("  - {path: 'sqlite:///e.db', tables: {AE: ae}, dataset: AE}", "`dataset:` means nothing for a database"),
        ("  - {path: 'https://host/api/', forms: {AE: {form: ae, columns: {AETERM: t}}}}", "needs `token:`"),
        (
            "  - {path: 'https://host/', token: {env: T}, forms: {AE: {form: ae, columns: {AETERM: t}}}}",
            "ends in /api/",
        ),
        (
            "  - {path: 'https://host/api/', token: {env: T}, forms: {AE: {form: ae, columns: {AETERM: t}, "
            "constants: {AETERM: x}}}}",
            "AETERM stands in `columns:` and in `constants:`",
        ),
        ("  - {path: data, sha256: {ae.xpt: abc}}", "[0-9a-f]{64}"),
    ],
)
def test_a_mistake_is_named_by_its_line_without_its_secret(text: str, says: str) -> None:
    with pytest.raises(StudyError) as caught:
        source(text)
    message = caught.value.one_line()
    assert says in message
    assert "line 9" in message
    assert SECRET not in message
    assert "A123456789ABCDEF" not in message


def test_where_data_comes_from_is_no_part_of_a_report() -> None:
    """Neither the place nor where its secret is enters a report key."""
    text = "  - {path: 'https://host/ae.xpt', token: {env: EDC}}"
    assert "EDC" not in str(parse_study(STUDY + text, "study.yaml").content_used_by_reports())


def test_a_study_dumped_whole_is_read_again() -> None:
    """Options of other kinds of place that say no more than their default say nothing."""
    source = SourceSpec(path="data")
    assert SourceSpec.model_validate(source.model_dump(mode="json")) == source
