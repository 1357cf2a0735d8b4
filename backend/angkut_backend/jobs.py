"""The jobs of the worker, in the order in which they take turns."""

from datetime import timedelta

from angkut_backend.alerts.outbound import Sender
from angkut_backend.alerts.watch import watch
from angkut_backend.alerts.webhooks import deliver
from angkut_backend.dead_letters import retention as dead_letters
from angkut_backend.quality.service import judge_new_readings
from angkut_backend.readings import maintenance
from angkut_backend.settings import Settings
from angkut_backend.worker import Job


def jobs(settings: Settings) -> list[Job]:
    """Return all jobs. A feature adds its line here."""
    keep = timedelta(days=settings.readings_keep_days) if settings.readings_keep_days else None
    letters = dead_letters.Keep(
        timedelta(days=settings.dead_letters_keep_days) or None, settings.dead_letters_keep
    )
    sender = Sender(allow_private=settings.webhooks_allow_private)
    return [
        Job("quality", 1, judge_new_readings),
        Job("alerts", 10, watch),
        Job("webhooks", 2, lambda conn, now: deliver(conn, now, sender)),
        Job("roll-ups", 10, lambda conn, now: maintenance.refresh(conn, keep, now)),
        Job("retention", 3600, lambda conn, now: maintenance.retain(conn, keep, now)),
        Job("dead letters", 300, lambda conn, now: dead_letters.retain(conn, letters, now)),
    ]
