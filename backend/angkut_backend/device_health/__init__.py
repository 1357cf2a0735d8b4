"""What is wrong with devices, as against single readings: found in days of their readings."""
