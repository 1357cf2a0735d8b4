import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Span } from "./address";
import { ApiError, type BinProperties, fetchReadings, type Readings } from "./api";
import { serverNow } from "./clock";
import { type Curve, gapSeconds, toCurve } from "./curve";
import { becomeNobody, locale, messages, percent } from "./store";
import { clockTime, dayAndTime, shortDay, ZONE } from "./time";

const SPAN_S: Record<Span, number> = { "24h": 86_400, "7d": 7 * 86_400, "28d": 28 * 86_400 };
const HEIGHT_PX = 200;
/** A bin that reports in bursts is asked for its curve at most so often. */
const REFRESH_MS = 2_000;
const LINE = "#0b4f43";
const BAND = "rgba(11, 79, 67, 0.16)";

interface Loaded {
  readings: Readings;
  from_s: number;
  to_s: number;
}

/** Give it a key of bin and span: another bin is another chart. */
export function Chart({ bin, span }: { bin: BinProperties; span: Span }) {
  const loaded = useSignal<Loaded | null>(null);
  const failed = useSignal(false);
  const asked_at = useRef(0);
  const gone = useRef(new AbortController());

  async function load(): Promise<void> {
    asked_at.current = Date.now();
    const to_s = serverNow() / 1000;
    const from_s = to_s - SPAN_S[span];
    const { signal } = gone.current;
    try {
      const readings = await fetchReadings(bin.code, new Date(from_s * 1000), signal);
      loaded.value = { readings, from_s, to_s };
      failed.value = false;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.status === 401) becomeNobody();
      else failed.value = true;
    }
  }

  useEffect(() => () => gone.current.abort(), []);
  useEffect(() => {
    const wait_ms = Math.max(0, asked_at.current + REFRESH_MS - Date.now());
    const timer = setTimeout(load, wait_ms);
    return () => clearTimeout(timer);
  }, [bin.trusted_at]);

  const t = messages.value;
  if (failed.value) return <p class="note">{t.curveFailed}</p>;
  if (loaded.value === null) return <p class="note chart-space">{t.loading}</p>;
  if (loaded.value.readings.points.length === 0) return <p class="note">{t.curveEmpty}</p>;
  return <Drawing bin={bin} loaded={loaded.value} />;
}

function Drawing({ bin, loaded }: { bin: BinProperties; loaded: Loaded }) {
  const place = useRef<HTMLDivElement>(null);
  const under = useSignal<number | null>(null);
  const curve = toCurve(loaded.readings, gapSeconds(bin, loaded.readings));
  const language = locale.value;

  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const plot = new uPlot(options(element.clientWidth, loaded, under), curve, element);
    const resized = new ResizeObserver(() => {
      plot.setSize({ width: element.clientWidth, height: HEIGHT_PX });
    });
    resized.observe(element);
    return () => {
      resized.disconnect();
      plot.destroy();
    };
  }, [loaded, language]);

  const t = messages.value;
  const { points } = loaded.readings;
  const low = percent(Math.min(...points.map((point) => point.min)));
  const high = percent(Math.max(...points.map((point) => point.max)));
  return (
    <>
      <div
        ref={place}
        class="chart"
        role="img"
        aria-label={t.curveSummary(points.length, low, high)}
        data-points={points.length}
      />
      <p class="note">{under.value === null ? t.curveHint : reading(curve, under.value)}</p>
    </>
  );
}

/** The value under the pointer, in words. */
function reading(curve: Curve, index: number): string {
  const [time, mean, min, max] = [0, 1, 2, 3].map((row) => curve[row]?.[index] ?? null);
  const when = dayAndTime((time ?? 0) * 1000, locale.value);
  if (mean == null || min == null || max == null) return when;
  const range = min === max ? "" : ` (${messages.value.bucketRange(percent(min), percent(max))})`;
  return `${when}: ${percent(mean)}${range}`;
}

function options(width: number, loaded: Loaded, under: { value: number | null }): uPlot.Options {
  const hidden = { stroke: "transparent", points: { show: false } };
  return {
    width,
    height: HEIGHT_PX,
    padding: [8, 30, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), ZONE),
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 8 } },
    scales: {
      x: { time: true, range: () => [loaded.from_s, loaded.to_s] },
      y: { range: (_plot, _min, max) => [0, Math.max(100, max ?? 100)] },
    },
    axes: [
      { values: (_plot, splits) => splits.map(timeLabel), size: 34, space: 64, ...AXIS },
      { values: (_plot, splits) => splits.map(percent), size: 46, ...AXIS },
    ],
    series: [{}, { stroke: LINE, width: 2, points: { size: 4, fill: LINE } }, hidden, hidden],
    bands: [{ series: [3, 2], fill: BAND }],
    hooks: {
      setCursor: [
        (plot) => {
          under.value = plot.cursor.idx ?? null;
        },
      ],
    },
  };
}

const AXIS: Partial<uPlot.Axis> = {
  stroke: "#4b5c55",
  font: '12px "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif',
  grid: { stroke: "#e3e9e4", width: 1 },
  ticks: { show: false },
};

/** Midnight in WIB is a day's name, everything else a clock time. */
function timeLabel(seconds: number): string {
  const time = clockTime(seconds * 1000, "en-GB");
  return time === "00:00"
    ? shortDay(seconds * 1000, locale.peek())
    : clockTime(seconds * 1000, locale.peek());
}
