-- Forecast: how unsteady each bin is beside the usual one, and how chances of bins of which nothing is
-- known are set right. What was learned before says the same as it did.

ALTER TABLE fill_rate
    ADD spread double precision NOT NULL DEFAULT 1 CHECK (spread > 0);  -- of the variance of gains

-- Logits of chances times a slope plus a shift (forecast/unheard.py).
ALTER TABLE fill_model
    ADD unheard_shift double precision NOT NULL DEFAULT 0,
    ADD unheard_slope double precision NOT NULL DEFAULT 1 CHECK (unheard_slope >= 0);
