"""Calibration and quality of readings."""
