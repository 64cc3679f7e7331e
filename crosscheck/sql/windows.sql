-- AWIN: which part of its subject's course each event began in. One statement per event, from the records themselves.

CREATE TABLE suppressed AS
SELECT USUBJID, earliest(CMSTDTC) AS a,
       CASE WHEN earliest(CMENDTC) > getvariable('cutoff') IS NOT TRUE THEN latest(CMENDTC) END AS b
FROM CM WHERE by_cutoff(CMSTDTC) AND CMOCCUR IS DISTINCT FROM 'N' AND upper(coalesce(CMDECOD, CMTRT)) IN ({drugs});
CREATE TABLE graft_lost AS
SELECT USUBJID, latest(CESTDTC) AS day FROM CE
WHERE by_cutoff(CESTDTC) AND CEOCCUR IS DISTINCT FROM 'N' AND upper(coalesce(CEDECOD, CETERM)) IN ({losses});
CREATE TABLE turning_point AS
SELECT s.USUBJID,
       (SELECT min(day) FROM numbered_infusion i WHERE i.USUBJID = s.USUBJID) AS infused,
       least((SELECT min(a) FROM suppressed c WHERE c.USUBJID = s.USUBJID), {intervention}) AS begun,
       CASE WHEN o.last_with >= s.TRTSDT THEN o.last_with END AS last_with
FROM every_subject s LEFT JOIN (
    SELECT USUBJID, max(b) AS last_with FROM suppressed GROUP BY USUBJID HAVING count(b) = count(*)) o USING (USUBJID);

CREATE MACRO part_of(who, day_, given_, infused_, begun_, last_with_) AS CASE
    WHEN day_ IS NULL OR infused_ IS NULL THEN NULL
    WHEN day_ < infused_ THEN CASE WHEN begun_ <= day_ THEN 'INDUCTION' ELSE 'PRE' END
    WHEN day_ <= given_ + {days} - 1 THEN 'PERIPROC'
    WHEN day_ > last_with_ AND given_ <= last_with_ THEN 'POST-IS'
    WHEN (SELECT count(*) FROM graft_lost l WHERE l.USUBJID = who AND l.day >= given_ AND l.day < day_) > 0
    THEN 'POST-GRAFTLOSS'
    ELSE 'Y' || (SELECT min(k) FROM range(1, 200) r(k) WHERE day_ - infused_ + 1 <= floor(365.25 * k)) END;
