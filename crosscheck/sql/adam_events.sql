-- The treatment-emergent events of the safety population, from the sponsor's own ADAE.

CREATE TABLE every_emergent AS
SELECT e.USUBJID, e._row, s.counted_arm AS arm, s.REFDT, s.TRTSDT, s.FUPDUR,
       coalesce(e.AEBODSYS, 'UNCODED') AS soc,
       coalesce(e.AEDECOD, 'UNCODED: ' || coalesce(e.AETERM, 'no verbatim term')) AS pt,
       e.AESEV, e.AETOXGR, e.AESER, e.AEACN, e.AEOUT, e.AESDTH,
       e.AESLIFE, e.AESHOSP, e.AESDISAB, e.AESCONG, e.AESMIE, e.AESCAN, e.AESOD,
       CASE WHEN e.AREL IS NOT NULL THEN e.AREL = 'RELATED' ELSE {related} END AS related,
       e.ASTDT AS start_day
FROM ADAE e JOIN every_subject s USING (USUBJID)
WHERE s.safety AND e.TRTEMFL = 'Y' AND coalesce(e.ASTDT <= getvariable('cutoff'), true);

-- Every event of every subject, emergent or not, under the name that a listing gives it.
CREATE VIEW every_started AS
SELECT e.USUBJID, e._row, s.safety, s.counted_arm,
       e.AESEV, e.AETOXGR, e.AESER, e.AEACN, e.AEOUT, e.AESDTH,
       e.AESLIFE, e.AESHOSP, e.AESDISAB, e.AESCONG, e.AESMIE, e.AESCAN, e.AESOD,
       CASE WHEN e.AREL IS NOT NULL THEN e.AREL = 'RELATED' ELSE {related} END AS related,
       coalesce(e.AEBODSYS, 'UNCODED') AS soc,
       coalesce(e.AEDECOD, 'UNCODED: ' || coalesce(e.AETERM, 'no verbatim term')) AS pt,
       e.ASTDT AS start_day, coalesce(e.AESEQ::BIGINT::VARCHAR, 'without AESEQ') AS text
FROM ADAE e JOIN every_subject s USING (USUBJID)
WHERE coalesce(e.ASTDT <= getvariable('cutoff'), true);
