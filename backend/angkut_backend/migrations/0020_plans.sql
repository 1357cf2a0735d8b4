-- Plans: what was planned from what, by whom, and what became of it. Nothing of it is ever changed.

CREATE TABLE plan (
    plan_id      uuid PRIMARY KEY,
    district_id  smallint NOT NULL REFERENCES district,
    shift_start  timestamptz NOT NULL,
    policy       text NOT NULL CHECK (policy IN
                     ('fixed', 'threshold', 'threshold_routed', 'integrated')),
    parameters   jsonb NOT NULL,
    problem      text NOT NULL,                 -- the JSON document to the byte: the hash is of it
    problem_sha256 text NOT NULL,
    travel_sha256 text NOT NULL,
    travel_source text NOT NULL,
    approximate  boolean NOT NULL,              -- no road network was used
    readings_as_of timestamptz NOT NULL,        -- when levels were read for the forecast
    seed         bigint NOT NULL,
    budget       jsonb NOT NULL,                -- {"seconds": 30.0} or {"iterations": 500}
    solver       text NOT NULL,
    stage        text NOT NULL CHECK (stage IN ('greedy', 'search')),
    document     jsonb NOT NULL,                -- routes, reasons, sums
    violations   jsonb NOT NULL,                -- what the independent checker found; [] may be published
    data_trust   jsonb NOT NULL,                -- by area: bins, of them trusted, fixed round or not
    is_treated   boolean NOT NULL,              -- all areas were planned by levels
    author       text NOT NULL,                 -- as audit_log.actor
    parent_id    uuid REFERENCES plan,
    changes      jsonb,                         -- what a person changed in the parent
    created_at   timestamptz NOT NULL
);
CREATE INDEX plan_shift_idx ON plan (district_id, shift_start, created_at);
CREATE INDEX plan_parent_idx ON plan (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE plan_event (
    plan_event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan_id      uuid NOT NULL REFERENCES plan,
    kind         text NOT NULL CHECK (kind IN ('accepted', 'published', 'withdrawn')),
    at           timestamptz NOT NULL,
    actor        text NOT NULL,
    note         text NOT NULL DEFAULT '' CHECK (length(note) <= 500)
);
CREATE INDEX plan_event_plan_idx ON plan_event (plan_id, plan_event_id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or removed: add a new one', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER plan_is_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON plan
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER plan_event_is_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON plan_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
