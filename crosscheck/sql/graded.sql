-- Laboratory results after the first dose with what tables of abnormalities look at; the grade as given, else by number.

CREATE TABLE graded AS
WITH given AS (SELECT code, count(toxgr) > 0 AS any_given FROM measured_LB GROUP BY code)
SELECT m.*, s.counted_arm AS arm, s.safety, s.TRTSDT,
       CASE WHEN g.any_given THEN try_cast(ltrim(m.toxgr, '-') AS INT) ELSE {grade} END AS grade
FROM measured_LB m JOIN given g USING (code) JOIN every_subject s USING (USUBJID);

CREATE TABLE every_later_LB AS
SELECT g.*, {base_grade} AS base_grade FROM graded g
LEFT JOIN (SELECT * FROM graded WHERE is_base) b
  ON g.USUBJID = b.USUBJID AND g.param = b.param AND g.tpt IS NOT DISTINCT FROM b.tpt
WHERE g.safety AND g.ontrtfl = 'Y';

-- Per subject: peaks in multiples of ULN, and the closest pair of a transaminase and a bilirubin on or after its day.
CREATE TABLE every_liver AS
WITH blood AS (
    SELECT *, date_diff('day', TRTSDT, day) + (day >= TRTSDT)::INT AS study_day FROM graded
    WHERE times_uln IS NOT NULL AND coalesce(spec <> 'URINE', true)
), mine AS (
    SELECT * FROM blood WHERE ontrtfl = 'Y' AND coalesce(study_day >= {from_day}, {from_day} = 1)
), peak AS (
    SELECT USUBJID, max(times_uln) FILTER (code IN ('ALT', 'AST')) AS transaminase,
           max(times_uln) FILTER (code = 'BILI') AS bilirubin, max(times_uln) FILTER (code = 'ALP') AS phosphatase
    FROM mine GROUP BY USUBJID
), pair AS (
    SELECT b.USUBJID, min(date_diff('day', t.day, b.day)) AS gap,
           arg_min(t.day, (date_diff('day', t.day, b.day), b.day)) AS onset
    FROM mine b JOIN mine t USING (USUBJID)
    WHERE b.code = 'BILI' AND b.times_uln >= 2 AND t.code IN ('ALT', 'AST') AND t.times_uln >= 3 AND t.day <= b.day
    GROUP BY USUBJID
), onset AS (
    SELECT USUBJID, arg_max(times_uln, (blood.day, times_uln)) AS at_onset
    FROM pair JOIN blood USING (USUBJID) WHERE blood.code = 'ALP' AND blood.day <= pair.onset GROUP BY USUBJID
)
SELECT s.USUBJID, s.counted_arm AS arm, peak.* EXCLUDE (USUBJID), pair.gap, onset.at_onset
FROM every_subject s LEFT JOIN peak USING (USUBJID) LEFT JOIN pair USING (USUBJID) LEFT JOIN onset USING (USUBJID)
WHERE s.safety;
