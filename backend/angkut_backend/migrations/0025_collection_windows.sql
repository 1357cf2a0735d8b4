-- When a bin can be emptied, by local time: a market blocks its street until ten.

ALTER TABLE bin
    ADD collection_windows text                 -- 05:00-07:00;13:00-24:00, or 1 2 3 00:00-07:00; null: any time
        CHECK (length(collection_windows) <= 300 AND collection_windows ~
            '^(([1-7] ){0,7}([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)(;|$)){1,21}$'
            AND collection_windows !~ ';$');
