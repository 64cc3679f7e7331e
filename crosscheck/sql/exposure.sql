-- What each subject was exposed to: values by subject under the label that the table prints. Islands of days are summed.

CREATE TABLE every_watched AS
SELECT USUBJID, counted_arm AS arm, TRTSDT, FUPDUR,
       coalesce(least({intervention}, TRTSDT), TRTSDT) AS from_day,
       TRTSDT + (FUPDUR - 1)::INT AS end_day, {end_of_treatment} AS treatment_end
FROM every_subject WHERE safety;

CREATE TABLE given AS
SELECT USUBJID, EX._row, upper(EXTRT) AS drug, ({is_product}) AS product, EXDOSE, coalesce(EXDOSU, '') AS unit,
       EXSTDTC AS s, EXENDTC AS e
FROM EX JOIN every_watched USING (USUBJID)
WHERE by_cutoff(EXSTDTC) AND EXOCCUR IS DISTINCT FROM 'N'
  AND ({no_amounts} OR regexp_matches(coalesce(EXTRT, ''), '(?i)\b(placebo|vehicle|sham)\b')
       OR CASE WHEN EXDOSE IS NOT NULL THEN EXDOSE > 0 ELSE EXDOSTXT IS NOT NULL END);

CREATE TABLE span AS
WITH written AS (
    SELECT USUBJID, 'product' AS what, earliest(s) AS a, latest(e) AS b, earliest(e) AS ended FROM given
    WHERE product AND earliest(s) IS NOT NULL
    UNION ALL
    SELECT USUBJID, drug, earliest(s), coalesce(latest(e), latest(s)), earliest(e) FROM given
    WHERE earliest(s) IS NOT NULL
    UNION ALL
    SELECT USUBJID, upper(coalesce(CMDECOD, CMTRT)), earliest(CMSTDTC), latest(CMENDTC), earliest(CMENDTC)
    FROM CM JOIN every_watched USING (USUBJID) WHERE CMOCCUR IS DISTINCT FROM 'N' AND by_cutoff(CMSTDTC)
)
SELECT USUBJID, what,
       CASE WHEN what = 'product' THEN greatest(a, TRTSDT) ELSE greatest(a, from_day) END AS a,
       CASE WHEN what = 'product' THEN least(b_known, end_day, treatment_end) ELSE least(b_known, end_day) END AS b
FROM (SELECT *, CASE WHEN coalesce(ended <= getvariable('cutoff'), true) THEN b END AS b_known FROM written)
JOIN every_watched USING (USUBJID)
WHERE TRTSDT IS NOT NULL AND (end_day IS NOT NULL OR (what = 'product' AND treatment_end IS NOT NULL));

CREATE MACRO days_of(wanted) AS TABLE
WITH mine AS (
    SELECT DISTINCT USUBJID, a, b FROM span WHERE a <= b AND list_contains(wanted, what)
), apart AS (
    SELECT *, coalesce(a > 1 + max(b) OVER (PARTITION BY USUBJID ORDER BY a, b
                                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), true)::INT AS opens
    FROM mine
), island AS (
    SELECT USUBJID, a, b, sum(opens) OVER (PARTITION BY USUBJID ORDER BY a, b ROWS UNBOUNDED PRECEDING) AS number
    FROM apart
), length AS (SELECT USUBJID, number, min(a) AS a, max(b) AS b FROM island GROUP BY ALL)
SELECT USUBJID, sum(b - a + 1) AS days, max(b) - min(a) + 1 AS whole FROM length GROUP BY 1;

CREATE TABLE weight AS
SELECT USUBJID, arg_max(VSSTRESN, (complete(VSDTC), VS._row)) AS kg
FROM VS JOIN every_watched USING (USUBJID)
WHERE VSTESTCD = 'WEIGHT' AND lower(VSSTRESU) = 'kg' AND VSSTRESN > 0 AND complete(VSDTC) <= TRTSDT GROUP BY 1;
