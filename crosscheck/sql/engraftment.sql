-- GRAFTFL: who of the infused has a C-peptide that shows that the graft works, each value beside the last one before.

ALTER TABLE every_subject ADD COLUMN IF NOT EXISTS GRAFTFL VARCHAR;
UPDATE every_subject SET GRAFTFL = CASE WHEN safety AND EXISTS (
        FROM c_peptide p WHERE p.USUBJID = every_subject.USUBJID AND p.what IN ({samples}) AND round(p.v, 9) >= {least}
        AND p.day BETWEEN TRTSDT + 1 AND TRTSDT + {days} AND NOT EXISTS (
            SELECT 1 FROM c_peptide b WHERE b.USUBJID = p.USUBJID AND b.what = p.what AND b.day <= every_subject.TRTSDT
            GROUP BY b.what HAVING round(arg_max(b.v, b.day), 9) >= round(p.v, 9)))
    THEN 'Y' ELSE 'N' END
WHERE (SELECT count(*) FROM c_peptide c JOIN every_subject USING (USUBJID) WHERE c.what IN ({samples})) > 0;
