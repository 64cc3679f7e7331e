-- How each treated subject was followed: what ended it, which planned visits were held, the state at each anniversary.

CREATE TABLE last_dose AS
SELECT USUBJID, CASE WHEN NOT bool_or(goes_on) THEN least(max(day), getvariable('cutoff')) END AS day FROM (
    SELECT USUBJID, earliest(EXENDTC) > getvariable('cutoff') IS TRUE AS goes_on,
           CASE WHEN earliest(EXENDTC) > getvariable('cutoff') IS NOT TRUE AND latest(EXENDTC) IS NOT NULL
                THEN latest(EXENDTC) ELSE latest(EXSTDTC) END AS day
    FROM dose WHERE product
) GROUP BY USUBJID;

CREATE TABLE declared AS
SELECT USUBJID, coalesce(ended_day, alive_day) AS day FROM every_subject WHERE last = 'LOST TO FOLLOW-UP';

CREATE TABLE dated_contact AS
SELECT c.USUBJID, complete(c.DTC) AS day, RESULT, d.day AS lost
FROM CONTACT c JOIN declared d USING (USUBJID) WHERE complete(c.DTC) IS NOT NULL;

CREATE TABLE lost AS
WITH talked AS (
    SELECT USUBJID, max(day) AS day FROM dated_contact WHERE RESULT = 'REACHED' AND day <= lost GROUP BY 1
), tried AS (
    SELECT c.USUBJID, count(*) AS attempts, max(c.day) - min(c.day) AS span
    FROM dated_contact c LEFT JOIN talked t USING (USUBJID)
    WHERE RESULT IN ('NO_ANSWER', 'LETTER_SENT', 'RELATIVE') AND c.day <= lost AND coalesce(c.day >= t.day, true)
    GROUP BY 1
), sign AS (
    SELECT USUBJID, day FROM dated_contact WHERE RESULT = 'REACHED'
    UNION ALL SELECT USUBJID, earliest(SVSTDTC) FROM SV WHERE SVOCCUR IS DISTINCT FROM 'N'
    UNION ALL SELECT USUBJID, earliest(AESTDTC) FROM AE
    UNION ALL SELECT USUBJID, earliest(LBDTC) FROM LB
)
SELECT d.USUBJID, d.day FROM declared d JOIN tried USING (USUBJID)
WHERE attempts >= {attempts} AND span >= {days}
  AND NOT EXISTS (FROM sign WHERE sign.USUBJID = d.USUBJID AND sign.day > d.day AND sign.day <= getvariable('cutoff'));

CREATE TABLE every_watched_subject AS
SELECT s.USUBJID, s.counted_arm AS arm, s.TRTSDT, l.day AS TRTEDT, s.FUPDUR,
       CASE WHEN s.died THEN coalesce(s.DTHDT, alive_day, TRTSDT) END AS died,
       CASE WHEN last = 'WITHDRAWAL BY SUBJECT' THEN coalesce(ended_day, alive_day, TRTSDT) END AS withdrew,
       CASE WHEN last = 'COMPLETED' THEN coalesce(ended_day, alive_day, TRTSDT) END AS completed,
       CASE WHEN last NOT IN ('COMPLETED', 'WITHDRAWAL BY SUBJECT', 'LOST TO FOLLOW-UP', 'DEATH')
             AND last NOT IN {never} THEN coalesce(ended_day, alive_day, TRTSDT) END AS gone,
       lost.day AS lost
FROM every_subject s LEFT JOIN last_dose l USING (USUBJID) LEFT JOIN lost USING (USUBJID)
WHERE s.safety AND s.TRTSDT IS NOT NULL;

CREATE TABLE visited AS
WITH seen AS (
    SELECT USUBJID, VISITNUM, upper(VISIT) AS name, SVOCCUR IS DISTINCT FROM 'N' AS held,
           earliest(SVSTDTC) AS a, latest(SVSTDTC) AS b
    FROM SV WHERE by_cutoff(SVSTDTC)
)
SELECT USUBJID, place, held, a, b FROM seen JOIN plan ON VISITNUM = plan.number
UNION ALL
SELECT USUBJID, place, held, a, b FROM seen JOIN plan ON plan.number IS NULL AND seen.name = upper(plan.name)
WHERE NOT EXISTS (FROM plan p WHERE p.number = seen.VISITNUM);

CREATE TABLE planned AS
SELECT w.*, place, year, opens, closes, closes < getvariable('cutoff') AS is_over,
       EXISTS (FROM visited v WHERE v.USUBJID = w.USUBJID AND v.place = t.place AND held) AS held,
       EXISTS (FROM visited v WHERE v.USUBJID = w.USUBJID AND v.place = t.place AND held
               AND v.a <= closes AND v.b >= opens) AS inside,
       EXISTS (FROM visited v WHERE v.USUBJID = w.USUBJID AND v.place = t.place AND NOT held) AS missed
FROM (
    SELECT USUBJID, place, year, (target + low)::DATE AS opens, (target + high)::DATE AS closes FROM (
        SELECT USUBJID, plan.*,
               ({anchor} + to_months(coalesce(months, 0)::INT))::DATE + coalesce(days, 0)::INT AS target
        FROM every_watched_subject, plan WHERE {anchor} IS NOT NULL)
) t JOIN every_watched_subject w USING (USUBJID);

CREATE TABLE every_visit_status AS
SELECT *, is_over AND (held OR NOT (dead OR out OR finished)) AS expected,
       CASE WHEN inside THEN 'DONE_IN' WHEN held THEN 'DONE_OUT'
            WHEN opens > getvariable('cutoff') THEN 'NOT_DUE'
            WHEN dead THEN 'ENDED_DEATH' WHEN out THEN 'ENDED_WITHDRAWN'
            WHEN lost <= closes THEN 'ENDED_LOST' WHEN finished THEN 'ENDED_COMPLETED'
            WHEN gone <= closes THEN 'ENDED_OTHER'
            WHEN NOT is_over THEN 'DUE' WHEN missed THEN 'MISSED' ELSE 'OVERDUE' END AS status
FROM (SELECT *, coalesce(died <= closes, false) AS dead, coalesce(withdrew <= closes, false) AS out,
             coalesce(completed <= closes, false) AS finished FROM planned);

CREATE TABLE every_year_end AS
SELECT USUBJID, arm, year,
       CASE WHEN died <= day THEN 'DIED' WHEN withdrew <= day THEN 'WITHDRAWN' WHEN lost <= day THEN 'LOST'
            WHEN completed <= day THEN 'COMPLETED' WHEN gone <= day THEN 'LEFT' ELSE 'FOLLOWED' END AS state
FROM (SELECT w.*, year, (TRTSDT + to_years(year::INT))::DATE AS day
      FROM every_watched_subject w, range(1, 200) AS years(year) WHERE year <= 2 + date_diff('year', TRTSDT, getvariable('cutoff')))
WHERE day <= getvariable('cutoff');
