"""The curve as a picture: km a day over the service level, a line for each policy."""

from collections.abc import Sequence
from html import escape

from angkut_backend.planning.policies import Policy
from angkut_infra.comparison.verdict import Row

_WIDTH, _HEIGHT = 860, 520
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 30, 60, 60
#: Colours that differ for most colour-blind people (Okabe and Ito 2008).
_COLOURS = {
    Policy.FIXED: "#000000",
    Policy.THRESHOLD: "#E69F00",
    Policy.THRESHOLD_ROUTED: "#0072B2",
    Policy.INTEGRATED: "#009E73",
}
#: The service level that the comparison is read at, %.
BAR_PCT = 99.5
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)


def chart(rows: Sequence[Row], title: str) -> str:
    """Return an SVG document."""
    x_low = min(*(row.figures.service_pct for row in rows), BAR_PCT) - 0.1
    y_high = max(row.figures.km for row in rows) * 1.08 or 1.0

    def x_of(service_pct: float) -> float:
        return _LEFT + (service_pct - x_low) / (100 - x_low) * (_WIDTH - _LEFT - _RIGHT)

    def y_of(km: float) -> float:
        return _HEIGHT - _BOTTOM - km / y_high * (_HEIGHT - _TOP - _BOTTOM)

    foot = _HEIGHT - _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"',
        ' font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="22" font-size="15">{escape(title)}</text>',
    ]
    for value in _ticks(0, y_high):
        parts.append(_line(_LEFT, y_of(value), _WIDTH - _RIGHT, y_of(value), "#ddd"))
        parts.append(_text(_LEFT - 8, y_of(value) + 4, f"{value:g}", "end"))
    for value in _ticks(x_low, 100):
        parts.append(_line(x_of(value), foot, x_of(value), foot + 5, "#000"))
        parts.append(_text(x_of(value), foot + 20, f"{value:g}", "middle"))
    parts.append(_line(_LEFT, foot, _WIDTH - _RIGHT, foot, "#000"))
    parts.append(_line(x_of(BAR_PCT), _TOP, x_of(BAR_PCT), foot, "#999", "4 4"))
    parts.append(_text(x_of(BAR_PCT), _TOP - 4, f"{BAR_PCT:g} %", "middle"))
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(_text(middle, _HEIGHT - 16, "service level, % of emptyings", "middle"))
    parts.append(_text(_LEFT - 8, _TOP - 10, "km a day", "end"))
    at = _LEFT + 60
    for policy, colour in _COLOURS.items():
        mine = [row for row in rows if row.choice.policy is policy]
        if not mine:
            continue
        parts.append(f'<circle cx="{at}" cy="40" r="5" fill="{colour}"/>')
        parts.append(_text(at + 10, 44, policy.value, "start"))
        at += 30 + 8 * len(policy.value)
        mine.sort(key=lambda row: row.figures.service_pct)
        points = [(x_of(row.figures.service_pct), y_of(row.figures.km)) for row in mine]
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{way}" fill="none" stroke="{colour}" opacity="0.5"/>')
        for row, (x, y) in zip(mine, points, strict=True):
            told = f"{row.choice.label}: {row.figures.service_pct:.2f} %, {row.figures.km:.1f} km"
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}">'
                f"<title>{escape(told)}</title></circle>"
            )
            parts.append(_text(x + 7, y - 6, row.choice.knob, "start"))
    return "\n".join([*parts, "</svg>", ""])


def _ticks(low: float, high: float) -> list[float]:
    """Return five to ten round values within a range."""
    step = next((one for one in _STEPS if (high - low) / one <= 10), _STEPS[-1])
    first = int(low / step) + (low % step > 0)
    return [round(step * n, 3) for n in range(first, int(high / step + 1e-9) + 1)]


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, dash: str = "none") -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{colour}" stroke-dasharray="{dash}"/>'
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
