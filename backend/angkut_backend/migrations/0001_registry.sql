-- Registry: what stands where, and what measures it. Times are UTC, units are in the names.
-- `source` says where a row's values come from; `invented` names the columns that nobody surveyed.

CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE district (
    district_id  smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code         text NOT NULL UNIQUE,          -- Kemendagri, with dots: 32.75.01
    bps_code     text,
    city_slug    text NOT NULL,                 -- the topic segment: bekasi
    city_name    text NOT NULL,
    name         text NOT NULL,
    population   integer CHECK (population >= 0),
    boundary     jsonb NOT NULL,                -- GeoJSON geometry, WGS84 lon/lat
    timezone     text NOT NULL,                 -- IANA name for the screen: Asia/Jakarta
    source       text NOT NULL,
    invented     text[] NOT NULL DEFAULT '{}'
);

CREATE TABLE area (
    area_id      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    district_id  smallint NOT NULL REFERENCES district,
    code         text NOT NULL UNIQUE,          -- Kemendagri, with dots: 32.75.01.1001
    bps_code     text,
    name         text NOT NULL,                 -- official spelling
    common_name  text NOT NULL,                 -- spelling on signs and in the press
    postcode     text,
    population   integer CHECK (population >= 0),
    boundary     jsonb NOT NULL,
    source       text NOT NULL,
    invented     text[] NOT NULL DEFAULT '{}'
);

CREATE TABLE depot (
    depot_id     integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    district_id  smallint NOT NULL REFERENCES district,
    code         text NOT NULL UNIQUE,
    name         text NOT NULL,
    lon          double precision NOT NULL CHECK (lon BETWEEN -180 AND 180),
    lat          double precision NOT NULL CHECK (lat BETWEEN -90 AND 90),
    source       text NOT NULL,
    invented     text[] NOT NULL DEFAULT '{}'
);

CREATE TABLE disposal_site (
    disposal_site_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    district_id  smallint NOT NULL REFERENCES district,
    code         text NOT NULL UNIQUE,
    name         text NOT NULL,
    lon          double precision NOT NULL CHECK (lon BETWEEN -180 AND 180),
    lat          double precision NOT NULL CHECK (lat BETWEEN -90 AND 90),
    opens_at     time NOT NULL,                 -- local time of the district
    closes_at    time NOT NULL,
    tipping_min  real NOT NULL CHECK (tipping_min >= 0),
    queue_min    real[] NOT NULL CHECK (cardinality(queue_min) = 24),  -- by local hour of arrival
    source       text NOT NULL,
    invented     text[] NOT NULL DEFAULT '{}'
);

CREATE TABLE vehicle (
    vehicle_id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code         text NOT NULL UNIQUE,
    depot_id     integer NOT NULL REFERENCES depot,
    kind         text NOT NULL CHECK (kind IN ('dump_truck', 'arm_roll', 'compactor', 'motor_cart')),
    volume_l     integer NOT NULL CHECK (volume_l > 0),
    payload_kg   integer NOT NULL CHECK (payload_kg > 0),
    access       text NOT NULL CHECK (access IN ('road', 'alley')),  -- the narrowest way it can drive
    source       text NOT NULL,
    invented     text[] NOT NULL DEFAULT '{}'
);

CREATE TABLE site (
    site_id      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    area_id      integer NOT NULL REFERENCES area,
    code         text NOT NULL UNIQUE,
    name         text NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('tps', 'tps3r', 'street', 'market', 'public')),
    lon          double precision NOT NULL CHECK (lon BETWEEN -180 AND 180),
    lat          double precision NOT NULL CHECK (lat BETWEEN -90 AND 90),
    source       text NOT NULL,
    invented     text[] NOT NULL DEFAULT '{}'
);

CREATE TABLE bin (
    bin_id       integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code         text NOT NULL UNIQUE,          -- as printed on the label: BKS-BT-0001
    site_id      integer NOT NULL REFERENCES site,
    container    text NOT NULL CHECK (container IN
                     ('wheelie_120', 'wheelie_240', 'wheelie_660', 'cart', 'arm_roll_6m3')),
    volume_l     integer NOT NULL CHECK (volume_l > 0),
    access       text NOT NULL CHECK (access IN ('road', 'alley')),  -- the widest vehicle that reaches it
    service_s    integer NOT NULL CHECK (service_s > 0),
    lon          double precision NOT NULL CHECK (lon BETWEEN -180 AND 180),
    lat          double precision NOT NULL CHECK (lat BETWEEN -90 AND 90),
    source       text NOT NULL,
    invented     text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX bin_site_idx ON bin (site_id);

CREATE TABLE calendar_day (
    district_id  smallint NOT NULL REFERENCES district,
    day          date NOT NULL,                 -- local date
    kind         text NOT NULL CHECK (kind IN ('public_holiday', 'ramadan', 'idul_fitri', 'city_event')),
    name         text NOT NULL,
    source       text NOT NULL,
    invented     text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (district_id, day, kind)
);

-- One row a load that changed something: which pack is in force.
CREATE TABLE site_pack_load (
    site_pack_load_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    loaded_at    timestamptz NOT NULL DEFAULT now(),
    district_id  smallint NOT NULL REFERENCES district,
    sha256       text NOT NULL,
    changes      jsonb NOT NULL                 -- {"bin": {"added": 240, "changed": 0}, ...}
);

CREATE TABLE device (
    device_id    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    external_id  text NOT NULL UNIQUE CHECK (external_id ~ '^[a-z0-9][a-z0-9_-]{0,63}$'),
    district_id  smallint NOT NULL REFERENCES district,
    kind         text NOT NULL DEFAULT 'bin' CHECK (kind IN ('bin', 'truck', 'gateway')),
    model        text,
    firmware     text,
    sensor_kind  text,
    interval_s   integer NOT NULL DEFAULT 1800 CHECK (interval_s > 0),
    -- Credential verifiers in the two forms that brokers read; the secret itself is never kept.
    secret_pbkdf2_sha512 text NOT NULL,
    secret_bcrypt text NOT NULL,
    added_at     timestamptz NOT NULL DEFAULT now(),
    retired_at   timestamptz,
    online       boolean,
    status_at    timestamptz
);

CREATE TABLE mounting (
    mounting_id  integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bin_id       integer NOT NULL REFERENCES bin,
    device_id    integer NOT NULL REFERENCES device,
    valid_from   timestamptz NOT NULL,
    valid_to     timestamptz,                   -- null: still mounted
    d_empty_mm   integer NOT NULL,              -- sensor to the bottom of the empty bin
    d_full_mm    integer NOT NULL CHECK (d_full_mm >= 0),  -- sensor to the full line
    offset_mm    integer NOT NULL DEFAULT 0,    -- added to each measured distance
    angle_deg    real NOT NULL DEFAULT 0 CHECK (angle_deg BETWEEN 0 AND 60),  -- off the vertical
    CHECK (d_empty_mm > d_full_mm),
    CHECK (valid_to > valid_from),
    EXCLUDE USING gist (bin_id WITH =, tstzrange(valid_from, valid_to) WITH &&),
    EXCLUDE USING gist (device_id WITH =, tstzrange(valid_from, valid_to) WITH &&)
);
CREATE INDEX mounting_device_idx ON mounting (device_id, valid_from);
