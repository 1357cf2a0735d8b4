"""Jobs that people ask for and wait for: a queue, workers, progress, cancel, retry."""
