"""The periodic jobs of the worker, in the order in which they take turns."""

import random
from datetime import timedelta

from angkut_backend.alerts.outbound import Sender
from angkut_backend.alerts.watch import watch
from angkut_backend.alerts.webhooks import deliver
from angkut_backend.commands.sending import send_due
from angkut_backend.dead_letters import retention as dead_letters
from angkut_backend.device_health.service import check_devices
from angkut_backend.device_health.swap_search import search_swaps
from angkut_backend.forecast.jobs import queue_due as queue_forecasts
from angkut_backend.jobs.service import prune as prune_jobs
from angkut_backend.quality.derivation import derive_due
from angkut_backend.quality.service import judge_new_readings
from angkut_backend.readings import maintenance
from angkut_backend.settings import Settings
from angkut_backend.worker import PeriodicJob
from angkut_broker.session import BrokerAddress


def periodic_jobs(settings: Settings) -> list[PeriodicJob]:
    """Return all jobs. A feature adds its line here."""
    keep = timedelta(days=settings.readings_keep_days) if settings.readings_keep_days else None
    letters = dead_letters.Keep(
        timedelta(days=settings.dead_letters_keep_days) or None, settings.dead_letters_keep
    )
    sender = Sender(allow_private=settings.webhooks_allow_private)
    broker = _worker_at_broker(settings)
    rng = random.Random()  # noqa: S311 - jitter
    return [
        PeriodicJob("quality", 1, judge_new_readings),
        PeriodicJob("mountings", 2, derive_due),
        PeriodicJob("alerts", 10, watch),
        PeriodicJob("devices", 60, check_devices),
        PeriodicJob("swaps", 300, search_swaps),
        PeriodicJob("webhooks", 2, lambda conn, now: deliver(conn, now, sender)),
        PeriodicJob("commands", 1, lambda conn, now: send_due(conn, now, broker, rng)),
        PeriodicJob("roll-ups", 10, lambda conn, now: maintenance.refresh(conn, keep, now)),
        PeriodicJob("forecasts", 60, queue_forecasts),
        PeriodicJob("jobs", 3600, prune_jobs),
        PeriodicJob("retention", 3600, lambda conn, now: maintenance.retain(conn, keep, now)),
        PeriodicJob("dead letters", 300, lambda conn, now: dead_letters.retain(conn, letters, now)),
    ]


def _worker_at_broker(settings: Settings) -> BrokerAddress | None:
    if settings.mqtt_worker_password is None:
        return None
    return BrokerAddress(
        settings.mqtt_host,
        settings.mqtt_port,
        settings.mqtt_worker_username,
        settings.mqtt_worker_password.get_secret_value(),
        tls=settings.mqtt_tls,
        ca_file=settings.mqtt_ca_file,
    )
