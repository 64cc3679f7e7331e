-- C-peptide in ng/mL by subject and day: the highest after a meal, the last one fasting.

CREATE MACRO to_ng(v, u) AS v / CASE lower(replace(replace(trim(u), 'µ', 'u'), 'μ', 'u'))
    WHEN 'ng/ml' THEN 1 WHEN 'ug/l' THEN 1 WHEN 'nmol/l' THEN 0.331 WHEN 'pmol/ml' THEN 0.331 WHEN 'pmol/l' THEN 331 END;

CREATE TABLE c_peptide AS
WITH peptide AS (
    SELECT USUBJID, _row, day, minute, fast, coalesce(to_ng(n, u),
           CASE WHEN to_ng(try_cast(regexp_extract(t, '^\s*<\s*([0-9]+\.?[0-9]*)\s*$', 1) AS DOUBLE), u) <= 0.1 THEN 0 END) AS v
    FROM (SELECT USUBJID, _row, complete(LBDTC) AS day, trim(LBSTRESU) AS u, LBSTRESN AS n, LBSTRESC AS t,
                 LBTPTNUM AS minute, LBFAST AS fast
          FROM LB WHERE LBTESTCD IN ('CPEPTIDE', 'CPEPT') AND complete(LBDTC) <= getvariable('cutoff'))
)
SELECT USUBJID, day, 'STIMULATED' AS what, max(v) AS v FROM peptide WHERE minute > 0 AND v IS NOT NULL GROUP BY ALL
UNION ALL SELECT USUBJID, day, 'FASTING', arg_max(v, _row) FROM peptide
          WHERE (minute = 0 OR (minute IS NULL AND fast = 'Y')) AND v IS NOT NULL GROUP BY ALL;
