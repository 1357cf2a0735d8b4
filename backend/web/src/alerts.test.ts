import { beforeEach, expect, it, vi } from "vitest";
import {
  alerts,
  alertsOf,
  forgetAlerts,
  inOrder,
  loadAlerts,
  receiveAlerts,
  valueText,
  waitingOf,
} from "./alerts";
import type { Alert, Alerts } from "./api";
import { minutesFromNoon } from "./testing/sample";

function alert(alert_id: number, change: Partial<Alert> = {}): Alert {
  return {
    alert_id,
    kind: "overflowing",
    bin_code: "BKS-BT-0001",
    site_name: "TPS Pasar Baru",
    area_name: "Duren Jaya",
    device_id: "70b3d57ed0001234",
    since: minutesFromNoon(-40),
    opened_at: minutesFromNoon(-10),
    value: 104,
    acknowledged_at: null,
    acknowledged_by: null,
    note: null,
    closed_at: null,
    close_reason: null,
    ...change,
  };
}

const TAKEN = { acknowledged_at: minutesFromNoon(-5), acknowledged_by: "Siti" };

function open(...found: Alert[]): Alerts {
  return { alerts: found, open_total: found.length };
}

beforeEach(() => forgetAlerts());

it("the bell counts what nobody takes care of, listed or not", () => {
  expect(waitingOf(null)).toBe(0);
  expect(waitingOf(open(alert(1), alert(2, TAKEN)))).toBe(1);
  expect(waitingOf({ alerts: [alert(1), alert(2, TAKEN)], open_total: 10 })).toBe(9);
});

it("what somebody takes care of comes last, the rest keeps the order of urgency", () => {
  const found = open(alert(1, TAKEN), alert(2), alert(3, TAKEN), alert(4));
  expect(inOrder(found).map((one) => one.alert_id)).toEqual([2, 4, 1, 3]);
});

it("a bin has its own alerts", () => {
  const found = open(alert(1), alert(2, { bin_code: "BKS-BT-0002" }));
  expect(alertsOf(found, "BKS-BT-0002").map((one) => one.alert_id)).toEqual([2]);
  expect(alertsOf(null, "BKS-BT-0002")).toEqual([]);
});

it("a value is shown with its unit in the way of the language", () => {
  expect(valueText("overflowing", 104.4, "id-ID")).toBe("104%");
  expect(valueText("battery_low", 3150, "id-ID")).toBe("3,15 V");
  expect(valueText("fire", 71.5, "en-GB")).toBe("72 °C");
  expect(valueText("device_silent", null, "id-ID")).toBe("");
});

it("a slow answer does not undo what the stream said meanwhile", async () => {
  let answer: (response: Response) => void = () => undefined;
  vi.stubGlobal("fetch", () => new Promise<Response>((resolve) => (answer = resolve)));
  const loading = loadAlerts();
  receiveAlerts(open());
  answer(Response.json(open(alert(1))));
  await loading;
  vi.unstubAllGlobals();
  expect(alerts.value).toEqual(open());
});
