-- The sponsor's own ADSL and ADAE, in the shape that the questions are asked of.

CREATE TABLE every_subject AS
SELECT * EXCLUDE (SAFFL, TRTSDT, DTHDT, FUPDUR, DTHADY, place),
       SAFFL = 'Y' IS TRUE AS safety,
       coalesce({planned}, CASE WHEN SAFFL = 'Y' THEN 'Not assigned' END) AS planned_arm,
       coalesce({actual}, CASE WHEN SAFFL = 'Y' THEN 'Not assigned' END) AS actual_arm,
       ({died} AND NOT coalesce(DTHDT > getvariable('cutoff'), false)) IS TRUE AS died, DTHDT,
       {death_day} AS death_day,
       ITTFL = 'Y' AS itt, RANDFL = 'Y' AS randomised,
       TRTSDT, TRTSDT AS REFDT, NULL::VARCHAR AS REFDTM,
       {followed} AS FUPDUR
FROM (SELECT *, row_number() OVER (PARTITION BY USUBJID ORDER BY _row) AS place FROM ADSL
      WHERE USUBJID IS NOT NULL
        AND coalesce(least(RFICDT, ENRLDT, RANDDT, TRTSDT) <= getvariable('cutoff'), true))
WHERE place = 1;
