-- The treatment-emergent events of the safety population, with the arm that tables count by.

CREATE TABLE every_emergent AS
WITH known AS (
    SELECT e.USUBJID, e._row, s.counted_arm AS arm, s.REFDT, s.REFDTM, s.TRTSDT, s.FUPDUR,
           coalesce(e.AEBODSYS, 'UNCODED') AS soc,
           coalesce(e.AEDECOD, 'UNCODED: ' || coalesce(e.AETERM, 'no verbatim term')) AS pt,
           e.AESTDTC, CASE WHEN NOT e.goes_on THEN e.AEENDTC END AS AEENDTC,
           e.AESEV, e.AETOXGR, e.AESER, e.AEACN, e.AEREL,
           e.AESLIFE, e.AESHOSP, e.AESDISAB, e.AESCONG, e.AESMIE, e.AESCAN, e.AESOD,
           CASE WHEN NOT e.goes_on AND NOT (e.AEOUT = 'FATAL' AND NOT s.died) THEN e.AEOUT END AS AEOUT,
           CASE WHEN NOT (e.AESDTH = 'Y' AND (e.goes_on OR NOT s.died)) THEN e.AESDTH END AS AESDTH
    FROM event e JOIN every_subject s USING (USUBJID)
    WHERE s.safety AND s.has_reference
)
SELECT *, {related} AS related,
       analysis_start(AESTDTC, AEENDTC, TRTSDT) AS start_day
FROM known
WHERE NOT coalesce(one_day(AEENDTC) < REFDT, false)
  AND (REFDT IS NULL OR latest(AESTDTC) IS NULL OR latest(AESTDTC) > REFDT
       OR (latest(AESTDTC) = REFDT AND NOT coalesce(
             one_day(AESTDTC) = REFDT
             AND (offset_minutes(AESTDTC) IS NULL) = (offset_minutes(REFDTM) IS NULL)
             AND seconds(AESTDTC, 59) - 60 * coalesce(offset_minutes(AESTDTC), 0)
                 < seconds(REFDTM, 0) - 60 * coalesce(offset_minutes(REFDTM), 0), false)));

-- Every event of every subject, emergent or not, under the name that a listing gives it.
CREATE VIEW every_started AS
SELECT e.USUBJID, e._row, s.safety, s.counted_arm, {related} AS related,
       e.AESEV, e.AETOXGR, e.AESER, e.AEACN, e.AEREL,
       e.AESLIFE, e.AESHOSP, e.AESDISAB, e.AESCONG, e.AESMIE, e.AESCAN, e.AESOD,
       CASE WHEN NOT e.goes_on AND NOT (e.AEOUT = 'FATAL' AND NOT s.died) THEN e.AEOUT END AS AEOUT,
       CASE WHEN NOT (e.AESDTH = 'Y' AND (e.goes_on OR NOT s.died)) THEN e.AESDTH END AS AESDTH,
       coalesce(e.AEBODSYS, 'UNCODED') AS soc,
       coalesce(e.AEDECOD, 'UNCODED: ' || coalesce(e.AETERM, 'no verbatim term')) AS pt,
       analysis_start(e.AESTDTC, CASE WHEN NOT e.goes_on THEN e.AEENDTC END, s.TRTSDT) AS start_day,
       coalesce(e.AESEQ::BIGINT::VARCHAR, 'without AESEQ') AS text
FROM event e JOIN every_subject s USING (USUBJID);
