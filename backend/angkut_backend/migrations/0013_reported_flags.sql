-- What devices say is wrong with a reading, a version of the registry for ingest, and dead letters
-- that are kept once.

-- Raw, as bits of angkut_backend.quality.rules.Flag; null: the device says nothing.
ALTER TABLE readings ADD COLUMN reported_flags integer;

-- A reading under a mounting, as before, and with what the device said of it. Figures as in
-- angkut_backend.quality.rules; a test compares.
DROP FUNCTION derive_reading(integer[], real, real, integer, integer, integer, real);
CREATE FUNCTION derive_reading(
    distances_mm integer[], distance_mm real, reported_fill_pct real, reported_flags integer,
    d_empty_mm integer, d_full_mm integer, offset_mm integer, angle_deg real
) RETURNS TABLE (fill_pct real, flags integer, score real)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT
        CASE WHEN f.flags & 49175 = 0 THEN greatest(l.level_pct, 0)::real END,
        f.flags,
        CASE WHEN f.flags = 0 THEN 1
             WHEN f.flags & 49175 <> 0 THEN 0                   -- see fill_pct
             ELSE CASE WHEN f.flags & 8 <> 0 THEN 0.8::float8 ELSE 1 END        -- REPORTED
                * CASE WHEN f.flags & 2048 <> 0 THEN 0.8::float8 ELSE 1 END     -- LOW_BATTERY
                * CASE WHEN f.flags & 262144 <> 0 THEN 0.8::float8 ELSE 1 END   -- NO_CLOCK
        END::real
    FROM (
        SELECT CASE
            WHEN distance_mm IS NOT NULL THEN
                100.0::float8
                * (d_empty_mm - CASE WHEN angle_deg = 0 THEN 1 ELSE cosd(angle_deg) END
                                * (distance_mm + offset_mm))
                / (d_empty_mm - d_full_mm)
            WHEN distances_mm IS NULL AND d_empty_mm IS NOT NULL THEN reported_fill_pct
        END AS level_pct
        OFFSET 0                                                -- once, not at each use
    ) AS l
    CROSS JOIN LATERAL (
        SELECT
            CASE WHEN cardinality(distances_mm) = 0 THEN 1 ELSE 0 END               -- NO_ECHO
            | CASE WHEN l.level_pct NOT BETWEEN -10 AND 120 OR distance_mm <= 20
                   THEN 2 ELSE 0 END                                                -- OUT_OF_RANGE
            | CASE WHEN d_empty_mm IS NULL THEN 4 ELSE 0 END                        -- UNMOUNTED
            | CASE WHEN distances_mm IS NOT NULL THEN 0
                   WHEN reported_fill_pct IS NOT NULL THEN 8                        -- REPORTED
                   ELSE 16 END                                                      -- NO_LEVEL
            | coalesce(reported_flags, 0)
            AS flags
        OFFSET 0
    ) AS f
$$;

-- Ingest remembers devices and mountings from batch to batch and looks at the version in the
-- statement that writes: the sum grows with each transaction that changes what it remembers.
-- Several rows, so that no such transaction ever waits for another.
CREATE TABLE registry_version (
    slot         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    n            bigint NOT NULL
);

CREATE FUNCTION registry_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE registry_version SET n = n + 1
    WHERE slot = (SELECT slot FROM registry_version LIMIT 1 FOR UPDATE SKIP LOCKED);
    IF NOT FOUND THEN
        INSERT INTO registry_version (n) VALUES (1);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER device_set_changed AFTER INSERT OR DELETE OR TRUNCATE ON device
    FOR EACH STATEMENT EXECUTE FUNCTION registry_changed();
CREATE TRIGGER device_changed AFTER UPDATE ON device FOR EACH ROW
    WHEN ((OLD.device_id, OLD.external_id, OLD.confirm, OLD.retired_at)
          IS DISTINCT FROM (NEW.device_id, NEW.external_id, NEW.confirm, NEW.retired_at))
    EXECUTE FUNCTION registry_changed();
CREATE TRIGGER mounting_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON mounting
    FOR EACH STATEMENT EXECUTE FUNCTION registry_changed();

-- Finds the letter that a message delivered again has become before.
CREATE INDEX dead_letter_payload_idx ON dead_letter (md5(payload));
