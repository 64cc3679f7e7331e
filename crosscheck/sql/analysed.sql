-- One result of a subject, parameter, time point and visit; and the last of them.

CREATE TABLE analysed_{domain} AS
SELECT *, row_number() OVER (PARTITION BY USUBJID, param, tpt, avisit ORDER BY {several}) = 1 AS anl
FROM measured_{domain} WHERE avisit IS NOT NULL AND aval IS NOT NULL AND anl_flag;

CREATE TABLE last_{domain} AS
SELECT * FROM {last_from}
QUALIFY row_number() OVER (
    PARTITION BY USUBJID, param, tpt
    ORDER BY first_day DESC NULLS LAST, second DESC, seq DESC NULLS LAST, _row DESC) = 1;
