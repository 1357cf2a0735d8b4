"""Collection planning: which bins to serve in a shift, by which vehicle and in which order."""
