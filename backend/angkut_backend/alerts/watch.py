"""The job that applies the rules: opens and closes alerts, each once."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from angkut_backend.alerts import rules
from angkut_backend.alerts.changes import Change, announce
from angkut_backend.alerts.facts import Facts, Observation, Run, Seen
from angkut_backend.alerts.rules import Close, Kind, LevelRule, OpenAlert, Sign
from angkut_backend.db import Connection, load_queries
from angkut_backend.quality.rules import DISTRUST
from angkut_backend.readings.service import UNKNOWN_AFTER_INTERVALS

_SQL = load_queries("angkut_backend.alerts")
_DISTRUST = int(DISTRUST)

#: When the job did not run for so long, nobody watched.
WATCH_GAP = timedelta(minutes=10)
#: Closed alerts are remembered longer than signs live.
_CLOSED_WITHIN = 2 * rules.SIGN_MAX_AGE
#: Observations of one sort and device that are looked at, the newest.
_OBSERVATIONS = 200
#: Temperature and battery of a device that is silent for longer are not looked at.
_READINGS_WITHIN = timedelta(days=7)
#: A run of levels is followed back so far at least.
_RUN_WITHIN = timedelta(hours=6)

_LEVEL_KINDS = {rule.kind: rule for rule in rules.LEVEL_RULES}


@dataclass(frozen=True, slots=True)
class _Alert:
    """An open alert as the job sees it."""

    alert_id: int
    bin_id: int
    device_id: int
    of: OpenAlert


@dataclass(slots=True)
class _Changes:
    opening: list[tuple[Facts, Sign]] = field(default_factory=list)
    closing: dict[int, Close] = field(default_factory=dict)
    #: Alert to its newest sign.
    seen: dict[int, datetime] = field(default_factory=dict)


def watch(conn: Connection, now: datetime) -> None:
    """Open and close what the rules say; a job of the worker."""
    watching_since = _watching_since(conn, now)
    known = {facts.bin_id: facts for facts in _facts(conn, now)}
    alerts: dict[int, dict[Kind, _Alert]] = defaultdict(dict)
    for row in conn.execute(_SQL["open_for_rules"]):
        kind = Kind(row["kind"])
        alerts[row["bin_id"]][kind] = _Alert(
            row["alert_id"],
            row["bin_id"],
            row["device_id"],
            OpenAlert(kind, row["last_at"], row["acknowledged_at"]),
        )
    changes = _Changes()
    _drop_unmounted(alerts, known, changes)
    for facts in known.values():
        _judge_signs(facts, alerts[facts.bin_id], watching_since, now, changes)
    _judge_levels(conn, known, alerts, now, changes)
    _apply(conn, changes, now)


def _watching_since(conn: Connection, now: datetime) -> datetime:
    row = conn.execute(_SQL["watch"]).fetchone()
    is_resumed = row is not None and now - row["ran_at"] < WATCH_GAP
    since: datetime = row["watching_since"] if row is not None and is_resumed else now
    conn.execute(_SQL["note_watch"], {"watching_since": since, "ran_at": now})
    return since


def _facts(conn: Connection, now: datetime) -> list[Facts]:
    seen: dict[int, list[Observation]] = defaultdict(list)
    values = {
        "now": now,
        "since": now - rules.SIGN_MAX_AGE,
        "limit": _OBSERVATIONS,
        "heat_c": rules.HEAT_C,
        "broken_c": rules.HEAT_BROKEN_C,
    }
    for row in conn.execute(_SQL["observations"], values):
        one = Observation(Seen(row["seen"]), row["at"], row["value"])
        seen[row["bin_id"]].append(one)
    values = {"now": now, "readings_from": now - _READINGS_WITHIN}
    rows = conn.execute(_SQL["facts"], values)
    return [Facts(**row, observations=tuple(seen[row["bin_id"]])) for row in rows]


def _drop_unmounted(
    alerts: dict[int, dict[Kind, _Alert]], known: dict[int, Facts], changes: _Changes
) -> None:
    for bin_id, by_kind in alerts.items():
        facts = known.get(bin_id)
        for alert in list(by_kind.values()):
            if facts is None or facts.device_id != alert.device_id:
                changes.closing[alert.alert_id] = Close.UNMOUNTED
                del by_kind[alert.of.kind]


def _judge_signs(
    facts: Facts,
    alerts: dict[Kind, _Alert],
    watching_since: datetime,
    now: datetime,
    changes: _Changes,
) -> None:
    found = {sign.kind: sign for sign in rules.signs(facts, watching_since=watching_since, now=now)}
    for kind, alert in alerts.items():
        if kind in _LEVEL_KINDS:
            continue
        of = alert.of
        sign = found.get(kind)
        if sign is not None and sign.last_at > of.last_at:
            changes.seen[alert.alert_id] = sign.last_at
            of = replace(of, last_at=sign.last_at)
        reason = rules.why_closed(of, facts, now)
        if reason is not None:
            changes.closing[alert.alert_id] = reason
    changes.opening += [(facts, sign) for kind, sign in found.items() if kind not in alerts]


@dataclass(frozen=True, slots=True)
class _Question:
    """Is this bin's level on that side of the rule for long enough."""

    facts: Facts
    rule: LevelRule
    #: The alert to close; none: one to open.
    alert: _Alert | None


def _judge_levels(
    conn: Connection,
    known: dict[int, Facts],
    alerts: dict[int, dict[Kind, _Alert]],
    now: datetime,
    changes: _Changes,
) -> None:
    questions = [
        question for facts in known.values() for question in _questions(facts, alerts, now)
    ]
    over = {facts.bin_id for facts in known.values() if Kind.OVERFLOWING in alerts[facts.bin_id]}
    # The rule for overflowing comes first for each bin.
    for question, run in zip(questions, _runs(conn, questions), strict=True):
        facts, rule = question.facts, question.rule
        if question.alert is not None:
            if rules.is_level_over(run):
                changes.closing[question.alert.alert_id] = Close.CLEARED
                over -= {facts.bin_id} if rule is rules.OVERFLOWING else set()
            continue
        sign = rules.level_sign(rule, run, facts.fill_pct or 0.0)
        if sign is None or (rule is rules.NEARLY_FULL and facts.bin_id in over):
            continue
        changes.opening.append((facts, sign))
        if rule is rules.OVERFLOWING:
            over.add(facts.bin_id)
    for bin_id in over:
        nearly = alerts[bin_id].get(Kind.NEARLY_FULL)
        if nearly is not None:
            changes.closing[nearly.alert_id] = Close.SUPERSEDED


def _questions(
    facts: Facts, alerts: dict[int, dict[Kind, _Alert]], now: datetime
) -> list[_Question]:
    fill_pct, trusted_at = facts.fill_pct, facts.trusted_at
    if fill_pct is None or trusted_at is None:
        return []
    believed_for = UNKNOWN_AFTER_INTERVALS * timedelta(seconds=facts.interval_s)
    questions = []
    for rule in rules.LEVEL_RULES:
        alert = alerts[facts.bin_id].get(rule.kind)
        if alert is not None:
            is_asked = fill_pct < rule.close_pct
        else:
            # Silence is unknown: an old level opens nothing.
            is_asked = fill_pct >= rule.open_pct and now < trusted_at + believed_for
        if is_asked:
            questions.append(_Question(facts, rule, alert))
    return questions


def _runs(conn: Connection, questions: list[_Question]) -> list[Run | None]:
    runs: list[Run | None] = [None] * len(questions)
    if not questions:
        return runs
    since = [_run_from(question.facts) for question in questions]
    values = {
        "device_id": [question.facts.device_id for question in questions],
        "since": since,
        "oldest": min(since),
        "level_pct": [
            question.rule.close_pct if question.alert else question.rule.open_pct
            for question in questions
        ],
        "above": [question.alert is None for question in questions],
        "distrust": _DISTRUST,
    }
    for row in conn.execute(_SQL["level_runs"], values):
        runs[row["ord"] - 1] = Run(row["since"], row["until"], row["n"])
    return runs


def _run_from(facts: Facts) -> datetime:
    back = max(_RUN_WITHIN, UNKNOWN_AFTER_INTERVALS * timedelta(seconds=facts.interval_s))
    return max(facts.mounted_at, (facts.trusted_at or facts.mounted_at) - back)


def _apply(conn: Connection, changes: _Changes, now: datetime) -> None:
    if changes.seen:
        values = {"alert_id": list(changes.seen), "last_at": list(changes.seen.values())}
        conn.execute(_SQL["note_signs"], values)
    changed: list[tuple[int, Change]] = []
    if changes.closing:
        reasons = [str(reason) for reason in changes.closing.values()]
        values = {"now": now, "alert_id": list(changes.closing), "reason": reasons}
        closed = conn.execute(_SQL["close_alerts"], values).fetchall()
        changed += [(row["alert_id"], Change.CLOSED) for row in closed]
    opening = _not_yet_dealt_with(conn, changes.opening, now)
    if opening:
        changed += [(alert_id, Change.OPENED) for alert_id in _open(conn, opening, now)]
    announce(conn, changed, now)


def _not_yet_dealt_with(
    conn: Connection, opening: list[tuple[Facts, Sign]], now: datetime
) -> list[tuple[Facts, Sign]]:
    """Leave out signs that an alert, closed meanwhile, was about."""
    if not opening:
        return []
    closed = {
        (row["bin_id"], row["device_id"], row["kind"]): row["last_at"]
        for row in conn.execute(_SQL["last_closed"], {"since": now - _CLOSED_WITHIN})
    }
    return [
        (facts, sign)
        for facts, sign in opening
        if (at := closed.get((facts.bin_id, facts.device_id, sign.kind))) is None
        or sign.last_at > at
    ]


def _open(conn: Connection, opening: list[tuple[Facts, Sign]], now: datetime) -> list[int]:
    values = {
        "now": now,
        "bin_id": [facts.bin_id for facts, _ in opening],
        "device_id": [facts.device_id for facts, _ in opening],
        "kind": [str(sign.kind) for _, sign in opening],
        "since": [sign.since for _, sign in opening],
        "last_at": [sign.last_at for _, sign in opening],
        "value": [sign.value for _, sign in opening],
    }
    return [row["alert_id"] for row in conn.execute(_SQL["open_alerts"], values)]
