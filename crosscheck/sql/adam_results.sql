-- The sponsor's own {dataset}: what is supplied as it is, what is not by the rules of derivation.

CREATE TABLE placed_{domain} AS
SELECT r.*, r.{domain}SEQ AS seq, r.PARAMCD AS code, coalesce(r.PARAM, r.PARAMCD) AS param, r.ATPT AS tpt, r.SPEC AS spec,
       r.AVAL AS aval, in_words(r.ANRIND) AS said, r.ATOXGR AS toxgr, {low} AS low, {high} AS high, r.{domain}FAST AS fast,
       coalesce(r.AVALU, nullif(regexp_extract(coalesce(r.PARAM, r.PARAMCD), '\(([^()]*)\)\s*$', 1), '')) AS unit,
       r.ADT AS day, r.ADT AS first_day, -1 AS second,
       CASE WHEN r.ADT <= s.ref THEN false WHEN r.ADT > s.ref THEN true END AS after
FROM {dataset} r JOIN (SELECT USUBJID, CASE WHEN safety THEN REFDT END AS ref FROM every_subject) s USING (USUBJID)
WHERE r.PARAMCD IS NOT NULL AND coalesce(r.ADT <= getvariable('cutoff'), true);

CREATE TABLE measured_{domain} AS
WITH ranked AS (
    SELECT _row FROM placed_{domain} WHERE {may_be_base}
    QUALIFY row_number() OVER (PARTITION BY USUBJID, param, tpt
                               ORDER BY first_day DESC NULLS LAST, seq DESC NULLS LAST, _row DESC) = 1
), based AS (
    SELECT p.*, p._row IN (SELECT _row FROM ranked) AS is_base FROM placed_{domain} p
), timed AS (
    SELECT *, {on_treatment} AS on_treatment FROM based
)
SELECT a.* EXCLUDE (BASE, CHG, PCHG, R2BASE, R2ANRHI, BNRIND, ANRIND, BTOXGR, AVISIT, ONTRTFL, on_treatment),
       a.on_treatment AS ontrtfl, {base} AS base, {change} AS chg, {percent} AS pchg, {ratio} AS r2base,
       {times_uln} AS times_uln, {bnrind} AS bnrind, range_of(a.said, a.aval, a.low, a.high) AS anrind,
       try_cast(ltrim(a.BTOXGR, '-') AS INT) AS btoxgr, {avisit} AS avisit, {anl} AS anl_flag,
       a.AENTMTFL = 'Y' IS TRUE AS last_flag
FROM timed a LEFT JOIN (SELECT * FROM timed WHERE is_base) b
  ON a.USUBJID = b.USUBJID AND a.param = b.param AND a.tpt IS NOT DISTINCT FROM b.tpt;
