"""Keeping the storage in order: the only package that knows which edition it stands on."""

from angkut_backend.readings.maintenance.edition import Edition, edition
from angkut_backend.readings.maintenance.install import install
from angkut_backend.readings.maintenance.retention import retain
from angkut_backend.readings.maintenance.rollups import is_aggregated, refresh, waiting

__all__ = ["Edition", "edition", "install", "is_aggregated", "refresh", "retain", "waiting"]
