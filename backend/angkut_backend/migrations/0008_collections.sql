-- Distances of 20 mm and less are codes, not levels (0: no probe, 20: invalid). Figures as in
-- angkut_backend.quality.rules; a test compares.
CREATE OR REPLACE FUNCTION derive_reading(
    distances_mm integer[], distance_mm real, reported_fill_pct real,
    d_empty_mm integer, d_full_mm integer, offset_mm integer, angle_deg real
) RETURNS TABLE (fill_pct real, flags integer, score real)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT
        CASE WHEN f.flags & 23 = 0 THEN greatest(l.level_pct, 0)::real END,
        f.flags,
        CASE WHEN f.flags & 23 <> 0 THEN 0 WHEN f.flags & 8 <> 0 THEN 0.8 ELSE 1 END::real
    FROM (
        SELECT CASE
            WHEN distance_mm IS NOT NULL THEN
                100.0 * (d_empty_mm - cosd(angle_deg) * (distance_mm + offset_mm))
                      / (d_empty_mm - d_full_mm)
            WHEN distances_mm IS NULL AND d_empty_mm IS NOT NULL THEN reported_fill_pct
        END AS level_pct
    ) AS l
    CROSS JOIN LATERAL (
        SELECT
            CASE WHEN cardinality(distances_mm) = 0 THEN 1 ELSE 0 END               -- NO_ECHO
            | CASE WHEN l.level_pct NOT BETWEEN -10 AND 120 OR distance_mm <= 20
                   THEN 2 ELSE 0 END                                                -- OUT_OF_RANGE
            | CASE WHEN d_empty_mm IS NULL THEN 4 ELSE 0 END                        -- UNMOUNTED
            | CASE WHEN distances_mm IS NULL AND reported_fill_pct IS NOT NULL
                   THEN 8 ELSE 0 END                                                -- REPORTED
            | CASE WHEN distances_mm IS NULL AND reported_fill_pct IS NULL
                   THEN 16 ELSE 0 END                                               -- NO_LEVEL
            AS flags
    ) AS f
$$;

-- A bin was emptied, wholly or in part: seen in its level, or reported by a crew (to come).
-- Rows of source `level` follow from the readings and are found again when these change: name
-- them by bin and time, not by their id.
CREATE TABLE collection (
    collection_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bin_id       integer NOT NULL REFERENCES bin,
    source       text NOT NULL CHECK (source IN ('level', 'crew')),
    device_id    integer,                       -- whose readings say so
    before_at    timestamptz NOT NULL,          -- last trusted reading before
    after_at     timestamptz NOT NULL,          -- first trusted reading after
    before_pct   real,
    after_pct    real,
    confidence   real NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    CHECK (before_at <= after_at),
    CHECK (source <> 'level' OR (device_id IS NOT NULL AND before_pct IS NOT NULL
                                 AND after_pct IS NOT NULL))
);
CREATE UNIQUE INDEX collection_level_key ON collection (device_id, after_at)
    WHERE source = 'level';
CREATE INDEX collection_bin_idx ON collection (bin_id, after_at);

-- What arrived before readings were judged by their neighbours.
INSERT INTO dirty_device (device_id, since)
SELECT device_id, min(observed_at) FROM readings GROUP BY device_id;
