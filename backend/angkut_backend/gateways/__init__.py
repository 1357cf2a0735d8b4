"""Gateways: which devices speak through them, and how they are."""
