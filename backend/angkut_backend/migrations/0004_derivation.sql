-- What a reading means under a mounting: one function, used when readings arrive and when a
-- corrected mounting makes them be derived again. Set-returning and plain SQL, so it is inlined.
--
-- flags: bits of angkut_backend.quality.rules.Flag
-- score: 1 measured and plausible, 0.8 the device's own percentage, 0 no trusted level

CREATE FUNCTION derive_reading(
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
            -- Noise and a soft floor give a few percent below 0, a heap a few above 100.
            | CASE WHEN l.level_pct NOT BETWEEN -10 AND 120 THEN 2 ELSE 0 END       -- OUT_OF_RANGE
            | CASE WHEN d_empty_mm IS NULL THEN 4 ELSE 0 END                        -- UNMOUNTED
            | CASE WHEN distances_mm IS NULL AND reported_fill_pct IS NOT NULL
                   THEN 8 ELSE 0 END                                                -- REPORTED
            | CASE WHEN distances_mm IS NULL AND reported_fill_pct IS NULL
                   THEN 16 ELSE 0 END                                               -- NO_LEVEL
            AS flags
    ) AS f
$$;
