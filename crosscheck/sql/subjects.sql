-- Who is a subject, what was given to whom, under which arm, who died, how long each was watched: from SDTM.

-- A subject with several records of DM is one, with what the first of them says.
CREATE TABLE person AS
SELECT * EXCLUDE (place, enrolled) FROM (
    SELECT *, row_number() OVER (PARTITION BY USUBJID ORDER BY _row) AS place,
           bool_or(coalesce(least(earliest(RFICDTC), earliest(DMDTC), earliest(RFSTDTC)) <= getvariable('cutoff'), true))
               OVER (PARTITION BY USUBJID) AS enrolled
    FROM DM WHERE USUBJID IS NOT NULL
) WHERE place = 1 AND enrolled;

-- A dose: given, and started by the cut-off. Zero of a placebo is its dose; zero of anything else is none.
CREATE TABLE dose AS
SELECT e.USUBJID, e._row, e.EXSTDTC, e.EXENDTC,
       ({is_product}) AS product
FROM EX e JOIN person USING (USUBJID)
WHERE by_cutoff(EXSTDTC)
  AND EXOCCUR IS DISTINCT FROM 'N'
  AND ({no_amounts} OR regexp_matches(coalesce(EXTRT, ''), '(?i)\b(placebo|vehicle|sham)\b')
       OR CASE WHEN EXDOSE IS NOT NULL THEN EXDOSE > 0 ELSE EXDOSTXT IS NOT NULL END);

CREATE TABLE first_dose AS
SELECT USUBJID, arg_min(EXSTDTC, rank) AS dtm, min(day) AS day
FROM (SELECT USUBJID, EXSTDTC, earliest(EXSTDTC) AS day,
             (earliest(EXSTDTC), coalesce(seconds(EXSTDTC, 0), -1), EXSTDTC) AS rank
      FROM dose WHERE product AND earliest(EXSTDTC) IS NOT NULL)
GROUP BY USUBJID;

CREATE TABLE first_intervention AS
SELECT USUBJID, arg_min(EXSTDTC, rank) AS dtm, min(day) AS day
FROM (SELECT USUBJID, EXSTDTC, earliest(EXSTDTC) AS day,
             (earliest(EXSTDTC), coalesce(seconds(EXSTDTC, 0), -1), EXSTDTC) AS rank
      FROM dose WHERE earliest(EXSTDTC) IS NOT NULL)
GROUP BY USUBJID;

-- Events that started by the cut-off; what ended later is going on.
CREATE TABLE event AS
SELECT AE.*, earliest(AE.AEENDTC) > getvariable('cutoff') IS TRUE AS goes_on
FROM AE JOIN person USING (USUBJID)
WHERE by_cutoff(AESTDTC);

CREATE TABLE disposition AS
SELECT DS.* FROM DS JOIN person USING (USUBJID) WHERE by_cutoff(DSSTDTC);

CREATE TABLE death AS
WITH said AS (
    SELECT USUBJID, 1 AS source, DTHDTC AS dtc FROM person WHERE DTHFL = 'Y' OR DTHDTC IS NOT NULL
    UNION ALL
    SELECT USUBJID, 2, DSSTDTC FROM disposition WHERE DSDECOD = 'DEATH'
    UNION ALL
    SELECT USUBJID, 3, CASE WHEN NOT goes_on THEN AEENDTC END FROM event
    WHERE NOT goes_on AND (AEOUT = 'FATAL' OR AESDTH = 'Y')
    UNION ALL
    SELECT USUBJID, 4, NULL FROM DD JOIN person USING (USUBJID) WHERE by_cutoff(DDDTC)
)
SELECT USUBJID,
       arg_min(earliest(dtc), (source, earliest(dtc))) FILTER (earliest(dtc) IS NOT NULL) AS told,
       arg_min(complete(dtc), (source, earliest(dtc))) FILTER (complete(dtc) <= getvariable('cutoff')) AS DTHDT
FROM said GROUP BY USUBJID
HAVING coalesce(told <= getvariable('cutoff'), true);

-- The last disposition event of participation and of treatment; a record without a day comes before those with one.
CREATE TABLE ended AS
SELECT USUBJID,
       arg_max(DSDECOD, (coalesce(earliest(DSSTDTC), DATE '0001-01-01'), _row)) FILTER (participation) AS last,
       arg_max({{'day': complete(DSSTDTC)}}, (coalesce(earliest(DSSTDTC), DATE '0001-01-01'), _row))
           FILTER (participation) AS last_record,
       arg_max(DSDECOD, (coalesce(earliest(DSSTDTC), DATE '0001-01-01'), _row)) FILTER (treatment) AS last_treatment,
       arg_max({{'day': complete(DSSTDTC)}}, (coalesce(earliest(DSSTDTC), DATE '0001-01-01'), _row))
           FILTER (treatment) AS last_treatment_record
FROM (SELECT *, CASE WHEN {has_scope} THEN DSSCAT = 'STUDY PARTICIPATION' ELSE true END IS TRUE AS participation,
             ({has_scope} AND DSSCAT = 'STUDY TREATMENT') IS TRUE AS treatment
      FROM disposition WHERE DSDECOD IS NOT NULL AND ({no_category} OR DSCAT = 'DISPOSITION EVENT'))
GROUP BY USUBJID;

CREATE TABLE seen_alive AS
SELECT USUBJID, max(day) AS day FROM (
    SELECT USUBJID, unnest([complete(RFICDTC), complete(RFSTDTC), complete(RFENDTC), complete(RFXSTDTC),
                            complete(RFXENDTC), complete(RFPENDTC)]) AS day FROM person
    UNION ALL SELECT USUBJID, unnest([complete(EXSTDTC), complete(EXENDTC)]) FROM EX
    UNION ALL SELECT USUBJID, complete(DSSTDTC) FROM disposition
              WHERE coalesce(DSDECOD NOT IN ('LOST TO FOLLOW-UP', 'DEATH'), true)
    UNION ALL SELECT USUBJID, unnest([complete(SVSTDTC), complete(SVENDTC)]) FROM SV
    UNION ALL SELECT USUBJID, complete(DTC) FROM CONTACT WHERE RESULT IN ('REACHED', 'REGISTRY_ALIVE')
    UNION ALL SELECT USUBJID, unnest([complete(AESTDTC), CASE WHEN NOT goes_on THEN complete(AEENDTC) END]) FROM event
) WHERE day <= getvariable('cutoff') GROUP BY USUBJID;

CREATE TABLE every_subject AS
SELECT p.*, coalesce(d.product, false) AS safety,
       coalesce({planned}, CASE WHEN d.product THEN 'Not assigned' END) AS planned_arm,
       coalesce({actual}, CASE WHEN d.product THEN 'Not assigned' END) AS actual_arm,
       f.day AS TRTSDT, f.dtm AS TRTSDTM, i.day AS INTSDT,
       CASE WHEN ended.last_treatment NOT IN {never} THEN ended.last_treatment_record.day END AS treatment_end,
       {reference}.day AS REFDT, {reference}.dtm AS REFDTM, {treated_reference} AS has_reference,
       death.USUBJID IS NOT NULL AS died, death.DTHDT,
       date_diff('day', f.day, death.DTHDT) + (death.DTHDT >= f.day)::INT AS death_day,
       {randomised} AS randomised,
       coalesce({randomised}, {on_an_arm}) AS itt,
       ended.last_record.day AS ended_day, least(a.day, death.DTHDT) AS alive_day,
       ended.last, ended.last_record.day AS last_day, {tells_participation} AS last_told, ended.last_treatment,
       ended.last_treatment_record.day AS last_treatment_day, {tells_treatment} AS last_treatment_told,
       {age_group} AS AGEGR1,
       CASE WHEN a.day IS NOT NULL OR death.DTHDT IS NOT NULL THEN
           nullif(greatest(least(least(a.day, death.DTHDT), death.DTHDT, getvariable('cutoff')) - f.day + 1, 0), 0)
       END AS FUPDUR
FROM person p
LEFT JOIN (SELECT USUBJID, bool_or(product) AS product FROM dose GROUP BY USUBJID) d USING (USUBJID)
LEFT JOIN first_dose f USING (USUBJID)
LEFT JOIN first_intervention i USING (USUBJID)
LEFT JOIN seen_alive a USING (USUBJID)
LEFT JOIN death USING (USUBJID)
LEFT JOIN ended USING (USUBJID);
