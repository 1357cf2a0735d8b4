"""Numbered SQL files, applied by `angkut_backend.migrate`."""
