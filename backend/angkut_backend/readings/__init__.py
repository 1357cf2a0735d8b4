"""Readings: what the map and the curves ask."""
