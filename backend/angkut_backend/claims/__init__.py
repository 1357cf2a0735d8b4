"""Sensors mounted at the bin, with a phone: found, measured, tried, saved, taken back."""
