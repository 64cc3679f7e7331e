-- Graft function and insulin independence: components, categories and insulin-free times from the records themselves.

CREATE MACRO worst(xs) AS CASE WHEN list_contains(xs, 3) THEN 3 WHEN len(list_filter(xs, lambda x: x IS NULL)) > 0
    THEN NULL ELSE list_max(xs) END;

CREATE TABLE every_graft_visit AS
SELECT s.USUBJID, s.arm, p.place, p.year, p.TRTSDT, least(p.opens, p.day) AS low, greatest(p.closes, p.day) AS high, p.day,
       p.RFICDT
FROM (SELECT v.*, (SELECT min(a) FROM visited x WHERE x.USUBJID = v.USUBJID AND x.place = v.place AND x.held) AS day,
             (SELECT complete(RFICDTC) FROM every_subject u WHERE u.USUBJID = v.USUBJID) AS RFICDT
      FROM every_visit_status v) p JOIN every_watched_subject s USING (USUBJID)
WHERE p.expected OR p.day IS NOT NULL;

CREATE TABLE measured AS
WITH lab AS (
    SELECT USUBJID, _row, complete(LBDTC) AS day, LBTESTCD AS test, trim(LBSTRESU) AS u, LBSTRESN AS n
    FROM LB WHERE complete(LBDTC) <= getvariable('cutoff')
)
SELECT USUBJID, day, 'HBA1C' AS what, arg_max(v, _row) AS v FROM (
    SELECT *, CASE WHEN u = '%' THEN n WHEN lower(u) = 'mmol/mol' THEN n / 10.929 + 2.15 END AS v
    FROM lab WHERE test IN ('HBA1C', 'HBA1CHGB')) WHERE v IS NOT NULL GROUP BY ALL
UNION ALL SELECT USUBJID, day, what, v FROM c_peptide
UNION ALL SELECT USUBJID, complete(VSDTC), 'WEIGHT', arg_max(VSSTRESN, _row) FROM VS
          WHERE VSTESTCD = 'WEIGHT' AND lower(VSSTRESU) = 'kg' AND VSSTRESN > 0
            AND complete(VSDTC) <= getvariable('cutoff') GROUP BY ALL
UNION ALL SELECT USUBJID, complete(DTC), 'TIR', arg_max(TIR, _row) FROM CGM
          WHERE TIR IS NOT NULL AND complete(DTC) <= getvariable('cutoff') GROUP BY ALL
UNION ALL SELECT USUBJID, complete(DTC), 'BELOW54', arg_max(BELOW54, _row) FROM CGM
          WHERE BELOW54 IS NOT NULL AND complete(DTC) <= getvariable('cutoff') GROUP BY ALL;

CREATE MACRO near(who, what_, day_, low_, high_) AS (
    SELECT arg_min(v, (abs(day - day_), day)) FROM measured m
    WHERE m.USUBJID = who AND m.what = what_ AND m.day BETWEEN low_ AND high_);
CREATE MACRO prior(who, what_, day_) AS (
    SELECT arg_max(v, day) FROM measured m WHERE m.USUBJID = who AND m.what = what_ AND m.day <= day_);

CREATE TABLE course AS
SELECT USUBJID, earliest(CMSTDTC) AS a,
       CASE WHEN NOT coalesce(earliest(CMENDTC) > getvariable('cutoff'), false) THEN latest(CMENDTC) END AS b,
       CASE WHEN upper(CMDOSU) IN ('IU', 'U', '[IU]', 'UNITS') THEN CMDOSE * CASE upper(CMDOSFRQ)
            WHEN 'PER DAY' THEN 1 WHEN 'QD' THEN 1 WHEN 'DAILY' THEN 1 WHEN 'BID' THEN 2 WHEN 'TID' THEN 3
            WHEN 'QID' THEN 4 END END AS units
FROM CM WHERE by_cutoff(CMSTDTC) AND CMOCCUR IS DISTINCT FROM 'N' AND {is_insulin};
CREATE MACRO units_on(who, day_) AS (
    SELECT CASE WHEN count(*) = 0 THEN 0 WHEN count(units) = count(*) THEN sum(units) END
    FROM course c WHERE c.USUBJID = who AND coalesce(a <= day_, true) AND coalesce(b >= day_, true));
CREATE MACRO severe_in(who, low_, high_) AS (
    CASE WHEN high_ >= low_ THEN (SELECT count(*) FROM level_3 e WHERE e.USUBJID = who
         AND complete(CESTDTC) BETWEEN low_ AND high_) * 365.25 / (high_ - low_ + 1) END);

-- The sensor's readings of the 14 days before a visit, and before the first infusion.
CREATE TABLE reading AS
SELECT USUBJID, t, avg(g) AS g FROM (
    SELECT USUBJID, try_strptime(DTC[1:16], '%Y-%m-%dT%H:%M') AS t,
           GLUC * CASE lower(trim(GLUCU)) WHEN 'mg/dl' THEN 1 WHEN 'mmol/l' THEN 18.016 END AS g FROM CGM)
WHERE t IS NOT NULL AND g > 0 AND t::DATE <= getvariable('cutoff') GROUP BY ALL;
CREATE TABLE sensor AS
WITH ends AS (
    SELECT USUBJID, day FROM every_graft_visit WHERE day IS NOT NULL
    UNION SELECT USUBJID, TRTSDT FROM every_graft_visit WHERE TRTSDT IS NOT NULL
), inside AS (
    SELECT e.USUBJID, e.day, r.g,
           date_diff('minute', lag(r.t) OVER (PARTITION BY e.USUBJID, e.day ORDER BY r.t), r.t) AS gap
    FROM ends e JOIN reading r ON r.USUBJID = e.USUBJID AND r.t::DATE BETWEEN e.day - 14 AND e.day - 1
), usual AS (
    SELECT USUBJID, day, gap, row_number() OVER (PARTITION BY USUBJID, day ORDER BY count(*) DESC, gap) AS place
    FROM inside WHERE gap IS NOT NULL GROUP BY USUBJID, day, gap
)
SELECT i.USUBJID, i.day, coalesce(100 * count(*) / (20160 / any_value(u.gap)) >= 70, false) AS told,
       100 * count(*) FILTER (g BETWEEN 70 AND 180) / count(*) AS tir, 100 * count(*) FILTER (g < 54) / count(*) AS lowg,
       3.31 + 0.02392 * avg(g) AS gmi
FROM inside i LEFT JOIN usual u ON u.USUBJID = i.USUBJID AND u.day = i.day AND u.place = 1 GROUP BY i.USUBJID, i.day;
CREATE MACRO sensed(who, day_) AS (SELECT count(*) > 0 FROM sensor r WHERE r.USUBJID = who AND r.day = day_);
CREATE MACRO sensed_tir(who, day_) AS (SELECT any_value(r.tir) FROM sensor r WHERE r.USUBJID = who AND r.day = day_ AND told);
CREATE MACRO sensed_low(who, day_) AS (SELECT any_value(r.lowg) FROM sensor r WHERE r.USUBJID = who AND r.day = day_ AND told);
CREATE MACRO sensed_gmi(who, day_) AS (SELECT any_value(r.gmi) FROM sensor r WHERE r.USUBJID = who AND r.day = day_ AND told);
-- From when on HbA1c says too little of whom: from a day that is not known, always.
CREATE TABLE red_cell AS
SELECT USUBJID, CASE WHEN count(*) = count(since) THEN min(since) ELSE DATE '1000-01-01' END AS since FROM (
    SELECT USUBJID, earliest(AESTDTC) AS since FROM AE WHERE upper(AEDECOD) IN ({red_cells})
    UNION ALL SELECT USUBJID, earliest(MHSTDTC) FROM MH WHERE upper(MHDECOD) IN ({red_cells}))
WHERE coalesce(since <= getvariable('cutoff'), true) GROUP BY 1;
CREATE MACRO says_little(who, day_) AS (SELECT count(*) > 0 FROM red_cell r WHERE r.USUBJID = who AND r.since <= day_);

CREATE TABLE component AS
SELECT *, {has_cm} AS cm_told, {has_ce} AS ce_told,
       CASE WHEN says_little(USUBJID, day) THEN sensed_gmi(USUBJID, day) ELSE near(USUBJID, 'HBA1C', day, low, high) END AS h,
       CASE WHEN says_little(USUBJID, TRTSDT) THEN sensed_gmi(USUBJID, TRTSDT) ELSE prior(USUBJID, 'HBA1C', TRTSDT) END AS h0,
       near(USUBJID, 'STIMULATED', day, low, high) AS st, prior(USUBJID, 'STIMULATED', TRTSDT) AS st0,
       near(USUBJID, 'FASTING', day, low, high) AS fa, prior(USUBJID, 'FASTING', TRTSDT) AS fa0,
       CASE WHEN sensed(USUBJID, day) THEN sensed_tir(USUBJID, day) ELSE near(USUBJID, 'TIR', day, low, high) END AS tir,
       CASE WHEN sensed(USUBJID, TRTSDT) THEN sensed_tir(USUBJID, TRTSDT) ELSE prior(USUBJID, 'TIR', TRTSDT) END AS tir0,
       CASE WHEN sensed(USUBJID, day) THEN sensed_low(USUBJID, day) ELSE near(USUBJID, 'BELOW54', day, low, high) END AS lowg,
       CASE WHEN sensed(USUBJID, TRTSDT) THEN sensed_low(USUBJID, TRTSDT) ELSE prior(USUBJID, 'BELOW54', TRTSDT) END AS lowg0,
       prior(USUBJID, 'WEIGHT', day) AS kg,
       CASE WHEN {has_cm} THEN units_on(USUBJID, day) END AS u,
       CASE WHEN {has_cm} THEN units_on(USUBJID, TRTSDT - 1) END AS u0,
       CASE WHEN {has_ce} THEN severe_in(USUBJID, greatest(day - 365, TRTSDT), day) END AS s,
       CASE WHEN {has_ce} THEN severe_in(USUBJID, greatest(TRTSDT - 365, RFICDT), TRTSDT - 1) END AS s0
FROM every_graft_visit WHERE day IS NOT NULL;

CREATE TABLE every_graft_category AS
SELECT USUBJID, arm, year, g17, t20, CASE
    WHEN t20 IS NULL THEN NULL
    WHEN t20 <= 1 AND u IS NULL THEN NULL
    WHEN t20 <= 1 AND u = 0 THEN 0
    WHEN st IS NULL AND fa IS NULL THEN NULL
    WHEN CASE WHEN st IS NULL THEN fa >= 0.2 ELSE st > 0.5 END THEN 1
    WHEN CASE WHEN st IS NULL THEN fa >= 0.1 ELSE st >= 0.3 END THEN 2 ELSE 3 END AS g20
FROM (SELECT *, worst([rh, rs, ru, rc]) AS g17, worst([rh, rt, rs, rl]) AS t20 FROM (
    SELECT *,
        CASE WHEN h <= 6.5 THEN 0 WHEN h < 7 THEN 1 WHEN h < h0 - {t_hba1c} THEN 2 WHEN h >= 0 AND h0 >= 0 THEN 3 END AS rh,
        CASE WHEN s = 0 THEN 0 WHEN s < s0 - {t_severe} THEN 2 WHEN s > 0 AND s0 >= 0 THEN 3 END AS rs,
        CASE WHEN u = 0 THEN 0 WHEN u >= u0 THEN 3 WHEN u >= u0 / 2 THEN 2 WHEN u0 >= 0 THEN
             CASE WHEN round(u / kg, 9) < 0.5 THEN 1 WHEN round(u / kg, 9) >= 0.5 THEN 2 END END AS ru,
        CASE WHEN c <= c0 THEN 3 WHEN c > 0.5 AND c0 >= 0 THEN 0 WHEN c > c0 THEN 2 END AS rc,
        CASE WHEN tir >= 80 THEN 0 WHEN tir >= 70 THEN 1 WHEN tir > tir0 + {t_tir} THEN 2
             WHEN tir >= 0 AND tir0 >= 0 THEN 3 END AS rt,
        CASE WHEN lowg = 0 THEN 0 WHEN lowg < 1 THEN 1 WHEN lowg < lowg0 - {t_below} THEN 2
             WHEN lowg >= 0 AND lowg0 >= 0 THEN 3 END AS rl
    FROM (SELECT *, coalesce(st, fa) AS c, CASE WHEN st IS NULL THEN fa0 ELSE st0 END AS c0 FROM component)));

-- Days in hospital, and the days of insulin of a subject in a row: of which spells, {stay_days} days at most and one of
-- them in hospital, do not count as insulin here. A course without a start or an end is of no such spell's length.
CREATE TABLE in_hospital AS
SELECT USUBJID, earliest(start) AS a,
       coalesce(CASE WHEN earliest(till) > getvariable('cutoff') IS NOT TRUE THEN latest(till) END, earliest(start)) AS b
FROM (SELECT USUBJID, HOSTDTC AS start, HOENDTC AS till FROM HO WHERE HOOCCUR IS DISTINCT FROM 'N'
        AND regexp_matches(upper(coalesce(HODECOD, HOTERM)), 'HOSPITAL|INPATIENT')
        AND NOT contains(upper(coalesce(HODECOD, HOTERM)), 'OUTPATIENT')
      UNION ALL SELECT USUBJID, AESTDTC, AEENDTC FROM AE WHERE AESHOSP = 'Y')
WHERE by_cutoff(start) AND {stay_days} > 0;
CREATE TABLE passing_course AS
WITH RECURSIVE touching AS (
    SELECT USUBJID, coalesce(a, DATE '0001-01-01') AS a, coalesce(b, DATE '9999-12-31') AS b FROM course
    WHERE {stay_days} > 0 AND coalesce(a <= b, true)
), widest AS (
    SELECT USUBJID, a AS x, b AS y, a, b FROM touching
    UNION SELECT w.USUBJID, w.x, w.y, least(w.a, t.a), greatest(w.b, t.b) FROM widest w JOIN touching t
        ON t.USUBJID = w.USUBJID AND (t.a < w.a OR t.b > w.b)
        AND t.a <= least(w.b, DATE '9999-12-30') + 1 AND w.a <= least(t.b, DATE '9999-12-30') + 1
)
SELECT USUBJID, x, y FROM (SELECT USUBJID, x, y, min(a) AS a, max(b) AS b FROM widest GROUP BY USUBJID, x, y) s
WHERE b - a < {stay_days} AND EXISTS (FROM in_hospital h WHERE h.USUBJID = s.USUBJID AND h.a <= s.b AND h.b >= s.a);

-- Insulin-free days one by one, then runs of them.
CREATE TABLE free_run AS
WITH day AS (
    SELECT USUBJID, arm, TRTSDT, FUPDUR, unnest(range(0, FUPDUR::INT)) AS n FROM every_watched_subject
    WHERE FUPDUR IS NOT NULL AND {has_cm}
), free AS (
    SELECT *, n - row_number() OVER (PARTITION BY USUBJID ORDER BY n) AS run FROM day d
    WHERE NOT EXISTS (FROM course c WHERE c.USUBJID = d.USUBJID AND coalesce(a <= TRTSDT + n::INT, true)
                      AND coalesce(b >= TRTSDT + n::INT, true) AND NOT EXISTS (
                          FROM passing_course p WHERE p.USUBJID = c.USUBJID AND p.x = c.a AND p.y = c.b))
)
SELECT USUBJID, min(n) AS a, max(n) AS b, max(n) = any_value(FUPDUR) - 1 AS goes_on FROM free GROUP BY USUBJID, run
HAVING count(*) >= {free_days};
