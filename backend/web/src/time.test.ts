import { describe, expect, it } from "vitest";
import { offsetFrom } from "./clock";
import { en } from "./messages/en";
import { id } from "./messages/id";
import { ago, clockTime, clockTimeWithSeconds, dayAndTime, duration, shortDay } from "./time";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
// Late in the evening in UTC it is already the next day in Bekasi.
const LATE = Date.parse("2026-01-14T21:45:09Z");

describe("a time on the screen", () => {
  it("is WIB, seven hours ahead of UTC, on the day of Bekasi", () => {
    expect(clockTime(LATE, "id-ID")).toBe("04.45");
    expect(clockTimeWithSeconds(LATE, "id-ID")).toBe("04.45.09");
    expect(dayAndTime(LATE, "id-ID")).toBe("15 Jan 2026 04.45 WIB");
    expect(shortDay(LATE, "id-ID")).toBe("Kam 15 Jan");
  });

  it("is written the English way in English", () => {
    expect(dayAndTime(LATE, "en-GB")).toBe("15 Jan 2026 04:45 WIB");
    expect(shortDay(LATE, "en-GB")).toBe("Thu 15 Jan");
  });

  it("calls midnight 00, not 24", () => {
    expect(clockTime(Date.parse("2026-01-14T17:00:00Z"), "id-ID")).toBe("00.00");
  });
});

describe("how long ago", () => {
  it.each([
    [-5_000, "baru saja"],
    [59_000, "baru saja"],
    [3 * MINUTE_MS, "3 menit lalu"],
    [59.9 * MINUTE_MS, "59 menit lalu"],
    [HOUR_MS, "1 jam lalu"],
    [47.5 * HOUR_MS, "47 jam lalu"],
    [48 * HOUR_MS, "2 hari lalu"],
  ])("%d ms reads %j", (age, text) => {
    expect(ago(LATE - age, LATE, id)).toBe(text);
  });

  it("knows one from many in English", () => {
    expect(duration(MINUTE_MS, en)).toBe("1 minute");
    expect(duration(2 * MINUTE_MS, en)).toBe("2 minutes");
  });
});

describe("a browser's wrong clock", () => {
  const header = "Wed, 14 Jan 2026 21:45:09 GMT";

  it("is corrected by the server's", () => {
    expect(offsetFrom(header, LATE - 2 * HOUR_MS)).toBe(2 * HOUR_MS);
  });

  it("is left alone when it is nearly right or nothing is known", () => {
    expect(offsetFrom(header, LATE + 3_000)).toBe(0);
    expect(offsetFrom(null, LATE)).toBe(0);
  });
});
