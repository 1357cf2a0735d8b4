-- The city's fixed rounds: on which days of the week a site, or one bin of it, is emptied.
-- Of a bin's rounds the newest that has begun is in force; its own come before its site's.

CREATE TABLE collection_round (
    collection_round_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    district_id  smallint NOT NULL REFERENCES district,
    code         text NOT NULL,                 -- place, first day and vehicle of the row in the pack
    site_id      integer REFERENCES site,       -- all bins there, but for those with a round of their own
    bin_id       integer REFERENCES bin,
    weekdays     smallint[] NOT NULL            -- ISO: 1 is Monday; none: not emptied by a round
                 CHECK (weekdays <@ '{1,2,3,4,5,6,7}'::smallint[]),
    vehicle_id   integer REFERENCES vehicle,    -- null: not said
    valid_from   date NOT NULL,                 -- local date
    source       text NOT NULL,
    invented     text[] NOT NULL DEFAULT '{}',
    UNIQUE (district_id, code),
    CHECK (num_nonnulls(site_id, bin_id) = 1)
);
CREATE INDEX collection_round_site_idx ON collection_round (site_id);
CREATE INDEX collection_round_bin_idx ON collection_round (bin_id);
