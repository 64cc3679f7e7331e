-- The results of {domain} ({label}), with baseline, change and visit, as tables by result count them.

CREATE TABLE raw_{domain} AS
SELECT r.USUBJID, r._row, r.{domain}SEQ AS seq, r.{domain}TESTCD AS code, r.{domain}TEST AS test, r.{domain}SPEC AS spec,
       r.{domain}CAT AS category, r.{domain}TPT AS tpt, r.{domain}STRESU AS unit, {number} AS aval,
       r.{domain}NRIND AS said, r.{domain}TOXGR AS toxgr, r.{domain}STNRLO AS low, r.{domain}STNRHI AS high,
       r.{domain}LOBXFL = 'Y' IS TRUE AS lobxfl, r.{domain}BLFL = 'Y' IS TRUE AS blfl, r.{domain}LOBXFL AS lobxfl_text,
       r.{domain}FAST AS fast, r.VISIT AS visit, r.VISITNUM AS visitnum, r.{domain}DTC AS dtc
FROM {domain} r JOIN every_subject USING (USUBJID)
WHERE by_cutoff(r.{domain}DTC) AND r.{domain}STAT IS NULL AND r.{domain}TESTCD IS NOT NULL
  AND (r.{domain}STRESN IS NOT NULL OR r.{domain}STRESC IS NOT NULL);

-- eGFR of adults from serum creatinine (CKD-EPI 2021), where the laboratory reports none.
INSERT INTO raw_{domain}
SELECT USUBJID, _row, seq, 'EGFR', 'Estimated Glomerular Filtration Rate', spec, category, tpt,
       'mL/min/1.73m2',
       142 * least(scr / k, 1) ^ a * greatest(scr / k, 1) ^ -1.2 * 0.9938 ^ years * female,
       NULL, NULL, NULL, NULL, lobxfl, blfl, lobxfl_text, fast, visit, visitnum, dtc
FROM (SELECT w.*, w.aval / CASE w.unit WHEN 'mg/dL' THEN 1 WHEN 'umol/L' THEN 88.4 END AS scr,
             CASE s.sex WHEN 'F' THEN 0.7 WHEN 'M' THEN 0.9 END AS k,
             CASE s.sex WHEN 'F' THEN -0.241 ELSE -0.302 END AS a, CASE s.sex WHEN 'F' THEN 1.012 ELSE 1 END AS female,
             s.age + coalesce(trunc(date_diff('day', s.TRTSDT, complete(w.dtc)) / 365.25), 0) AS years
      FROM raw_{domain} w JOIN (SELECT USUBJID, TRTSDT, {age} AS age, {sex} AS sex FROM every_subject) s USING (USUBJID)
      WHERE w.code = 'CREAT' AND NOT coalesce(w.spec ILIKE '%urine%', false))
WHERE '{domain}' = 'LB' AND scr > 0 AND k IS NOT NULL AND years >= 18
  AND (SELECT count(*) FROM raw_{domain} WHERE code = 'EGFR') = 0;

CREATE TABLE placed_{domain} AS
WITH named AS (
    SELECT code, several, name || CASE WHEN count(*) OVER (PARTITION BY name) > 1 THEN ' [' || code || ']' ELSE '' END AS name
    FROM (SELECT code, coalesce(arg_min(test, _row), code) AS name, count(DISTINCT coalesce(spec, '')) > 1 AS several
          FROM raw_{domain} GROUP BY code)
), timed AS (
    SELECT r.*, name || CASE WHEN several AND spec IS NOT NULL THEN ', ' || spec ELSE '' END
                  || CASE WHEN unit IS NOT NULL THEN ' (' || unit || ')' ELSE '' END AS param,
           earliest(dtc) AS first_day, coalesce(seconds(dtc, 0), -1) AS second,
           CASE WHEN has_reference THEN REFDT END AS ref, REFDTM AS ref_text
    FROM raw_{domain} r JOIN named USING (code) JOIN every_subject USING (USUBJID)
)
SELECT *, CASE
           WHEN latest(dtc) < ref THEN false
           WHEN first_day > ref THEN true
           WHEN complete(dtc) = ref THEN coalesce(
               (offset_minutes(dtc) IS NULL) = (offset_minutes(ref_text) IS NULL)
               AND seconds(dtc, 0) - 60 * coalesce(offset_minutes(dtc), 0)
                   > seconds(ref_text, 59) - 60 * coalesce(offset_minutes(ref_text), 0), false)
       END AS after
FROM timed;

CREATE TABLE measured_{domain} AS
WITH flagged AS (
    SELECT *, CASE WHEN (SELECT count(lobxfl_text) FROM raw_{domain}) > 0 THEN lobxfl ELSE blfl END AS flag,
           (SELECT count(lobxfl_text) FROM raw_{domain}) = 0 AND bool_or(blfl) OVER (PARTITION BY param) AS defined
    FROM placed_{domain}
), ranked AS (
    SELECT _row, param, row_number() OVER (
               PARTITION BY USUBJID, param, tpt
               ORDER BY flag DESC, first_day DESC NULLS LAST, second DESC, seq DESC NULLS LAST, _row DESC) AS place
    FROM flagged WHERE flag OR (after IS FALSE AND NOT defined)
), based AS (
    SELECT p.*, b._row IS NOT NULL AS is_base FROM placed_{domain} p
    LEFT JOIN (SELECT _row, param FROM ranked WHERE place = 1) b USING (_row, param)
)
SELECT a.*, CASE WHEN a.is_base OR a.after IS FALSE THEN 'N' WHEN a.after THEN 'Y' END AS ontrtfl,
       complete(a.dtc) AS day, b.aval AS base, CASE WHEN a.after AND NOT a.is_base THEN round(a.aval - b.aval, 9) END AS chg,
       CASE WHEN a.after AND NOT a.is_base THEN round(100 * (a.aval - b.aval) / nullif(b.aval, 0), 9) END AS pchg,
       CASE WHEN a.after AND NOT a.is_base THEN round(a.aval / nullif(b.aval, 0), 9) END AS r2base,
       range_of(b.said, b.aval, b.low, b.high) AS bnrind, range_of(a.said, a.aval, a.low, a.high) AS anrind,
       CASE WHEN {visit_counts} THEN a.visit END AS avisit, CASE WHEN a.high > 0 THEN round(a.aval / a.high, 9) END AS times_uln,
       NULL::INT AS btoxgr, true AS anl_flag, false AS last_flag
FROM based a LEFT JOIN (SELECT * FROM based WHERE is_base) b
  ON a.USUBJID = b.USUBJID AND a.param = b.param AND a.tpt IS NOT DISTINCT FROM b.tpt;
