-- How traffic changes a district's travel times, and a list of plans that reads the newest only.

ALTER TABLE district
    ADD traffic_by_hour double precision[] NOT NULL     -- by local hour of departure; 1: as the roads say
        DEFAULT array_fill(1.0::double precision, '{24}')
        CHECK (cardinality(traffic_by_hour) = 24);

CREATE INDEX plan_created_idx ON plan (created_at DESC);
