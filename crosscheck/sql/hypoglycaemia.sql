-- Hypoglycaemia of level 3: by its findings where they decide it, else as the site states it.

CREATE VIEW finding_of_event AS
SELECT USUBJID, FALNKID AS link,
       bool_or(FATESTCD = 'ASSIST' AND upper(trim(FASTRESC)) = 'Y') IS TRUE AS helped,
       bool_or(FATESTCD = 'ASSIST' AND upper(trim(FASTRESC)) = 'N') IS TRUE AS unaided,
       bool_or(FATESTCD = 'GLUC' AND FASTRESN IS NOT NULL AND lower(trim(FASTRESU)) IN ('mg/dl', 'mmol/l')) IS TRUE
           AS measured
FROM FA WHERE FALNKID IS NOT NULL GROUP BY ALL;

CREATE VIEW level_3 AS
SELECT USUBJID, CESTDTC FROM (
    SELECT CE.USUBJID, CESTDTC, coalesce(helped, false) AS helped, coalesce(unaided AND measured, false) AS otherwise,
           coalesce(upper(trim(CESCAT)) IN ({names}), false) AS named, coalesce(upper(trim(CESCAT)) = 'LEVEL 3', false)
           AS stated, regexp_matches(concat_ws(' ', CECAT, CEDECOD, CETERM), '(?i)hypogly') AS hypo
    FROM CE LEFT JOIN finding_of_event f ON f.USUBJID = CE.USUBJID AND f.link = CE.CELNKID
    WHERE CEOCCUR IS DISTINCT FROM 'N' AND by_cutoff(CESTDTC))
WHERE (hypo OR named) AND (helped OR ((named OR stated) AND NOT otherwise));
