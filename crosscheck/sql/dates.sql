-- SDTM dates (ISO 8601, cut short where a part is unknown; `a/b` is an interval) as days. {legal} is the form of a date.
CREATE MACRO legal(t) AS CASE WHEN regexp_matches(t, '{legal}') THEN t END;
CREATE MACRO later_end(t) AS CASE WHEN contains(t, '/') THEN split_part(t, '/', 2) ELSE t END;

CREATE MACRO first_of(t) AS CASE
    WHEN regexp_matches(t, '^\d{{4}}-\d\d-\d\d') THEN try_cast(t[1:10] AS DATE)
    WHEN regexp_matches(t, '^\d{{4}}---\d\d') THEN try_cast(t[1:4] || '-01-' || t[8:9] AS DATE)
    WHEN regexp_matches(t, '^\d{{4}}-\d\d') THEN try_cast(t[1:7] || '-01' AS DATE)
    WHEN regexp_matches(t, '^\d{{4}}') THEN try_cast(t[1:4] || '-01-01' AS DATE)
END;
CREATE MACRO last_of(t) AS CASE
    WHEN regexp_matches(t, '^\d{{4}}-\d\d-\d\d') THEN try_cast(t[1:10] AS DATE)
    WHEN regexp_matches(t, '^\d{{4}}---\d\d') THEN try_cast(t[1:4] || '-12-' || t[8:9] AS DATE)
    WHEN regexp_matches(t, '^\d{{4}}-\d\d') THEN last_day(try_cast(t[1:7] || '-01' AS DATE))
    WHEN regexp_matches(t, '^\d{{4}}') THEN try_cast(t[1:4] || '-12-31' AS DATE)
END;

CREATE MACRO earliest(t) AS first_of(legal(t));
CREATE MACRO latest(t) AS last_of(later_end(legal(t)));
CREATE MACRO complete(t) AS CASE
    WHEN NOT contains(legal(t), '/') AND regexp_matches(legal(t), '^\d{{4}}-\d\d-\d\d') THEN try_cast(t[1:10] AS DATE)
END;
-- One day, also where it is written as an interval within that day.
CREATE MACRO one_day(t) AS CASE
    WHEN regexp_matches(legal(t), '^\d{{4}}-\d\d-\d\d') AND t[1:10] = later_end(legal(t))[1:10] THEN try_cast(t[1:10] AS DATE)
END;
CREATE MACRO by_cutoff(t) AS coalesce(earliest(t) <= getvariable('cutoff'), true);

-- Seconds of the day, with what is not known as the first (0) or last (59) it can be; the zone in minutes, if any.
CREATE MACRO clock(t) AS regexp_extract(legal(t), '^[^T/]*T(\d\d(?::(?:\d\d|-))?(?::(?:\d\d|-))?)', 1);
CREATE MACRO seconds(t, unknown) AS CASE WHEN clock(t) <> '' THEN
    try_cast(clock(t)[1:2] AS INT) * 3600
    + coalesce(try_cast(nullif(split_part(clock(t), ':', 2), '') AS INT), unknown) * 60
    + coalesce(try_cast(nullif(split_part(clock(t), ':', 3), '') AS INT), unknown)
END;
CREATE MACRO offset_minutes(t) AS CASE
    WHEN clock(t) = '' OR clock(t) IS NULL THEN NULL
    WHEN t LIKE '%Z' THEN 0
    WHEN regexp_matches(t, 'T.*[+-]\d\d(:\d\d)?$') THEN
        (CASE WHEN regexp_extract(t, '([+-])\d\d(:\d\d)?$', 1) = '-' THEN -1 ELSE 1 END)
        * (try_cast(regexp_extract(t, '[+-](\d\d)(:\d\d)?$', 1) AS INT) * 60
           + coalesce(try_cast(nullif(regexp_extract(t, '[+-]\d\d:(\d\d)$', 1), '') AS INT), 0))
END;

CREATE MACRO in_words(t) AS CASE t WHEN 'L' THEN 'LOW' WHEN 'N' THEN 'NORMAL' WHEN 'H' THEN 'HIGH' ELSE t END;

-- Where a value stands against its range: as the laboratory says, else by the limits, unless these are exchanged.
CREATE MACRO range_of(said, aval, low, high) AS CASE
    WHEN said IS NOT NULL THEN said
    WHEN aval IS NULL OR coalesce(low, high) IS NULL OR low > high THEN NULL
    WHEN aval < low THEN 'LOW' WHEN aval > high THEN 'HIGH' ELSE 'NORMAL'
END;

-- The start of an event that rates use: partial dates at the day of treatment where it fits, else as early as can be.
CREATE MACRO analysis_start(s, e, treated) AS CASE
    WHEN one_day(s) IS NOT NULL THEN one_day(s)
    WHEN earliest(s) IS NULL THEN CASE WHEN treated > one_day(e) THEN one_day(e) ELSE treated END
    WHEN treated BETWEEN earliest(s) AND latest(s) THEN CASE WHEN treated > one_day(e) THEN earliest(s) ELSE treated END
    ELSE earliest(s)
END;
