"""Policies side by side in a simulated district: same waste, same crews' luck, same planner."""
