"""How full each bin is and will be: distributions, not numbers."""
