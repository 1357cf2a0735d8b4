import { expect, it } from "vitest";
import { en } from "./messages/en";
import { id } from "./messages/id";
import { shiftOpening, statedOpening } from "./opening";

const HOUR_S = 3600;
const SHIFT = { from_s: 0, to_s: 9 * HOUR_S };

function opening(...windows: [number, number][]): string {
  const at = (seconds: number) => `${String(5 + seconds / HOUR_S).padStart(2, "0")}.00`;
  return shiftOpening(
    windows.map(([from, to]) => ({ from_s: from * HOUR_S, to_s: to * HOUR_S })),
    SHIFT,
    at,
    id.opening,
  );
}

it("windows are told as far as anybody drives", () => {
  expect(opening([5, 19])).toBe("mulai 10.00");
  expect(opening([-5, 2])).toBe("sampai 07.00");
  expect(opening([1, 2], [4, 9])).toBe("06.00–07.00, mulai 09.00");
  // Hours that a dispatcher said: from then on, without an end.
  expect(opening([5, 72])).toBe("mulai 10.00");
});

it("a bin that is open all shift long is not remarked upon", () => {
  expect(opening()).toBe("");
  expect(opening([-5, 19])).toBe("");
});

it("a bin that is closed all shift long is said to be so", () => {
  expect(opening([72, 72])).toBe("tidak dalam giliran kerja ini");
});

it.each([
  ["10:00-24:00", "mulai 10.00", "from 10:00"],
  ["05:00-07:00;13:00-24:00", "05.00–07.00, mulai 13.00", "05:00–07:00, from 13:00"],
  [
    "1 2 3 4 5 00:00-07:00;6 7 00:00-24:00",
    "Sen–Jum sampai 07.00; Sab, Min sepanjang hari",
    "Mon–Fri until 07:00; Sat, Sun all day",
  ],
  ["1 3 5 6 7 22:00-05:00", "Sen, Rab, Jum–Min 22.00–05.00", "Mon, Wed, Fri–Sun 22:00–05:00"],
  ["1 05:00-07:00;1 13:00-15:00", "Sen 05.00–07.00, 13.00–15.00", "Mon 05:00–07:00, 13:00–15:00"],
])("%s is what the city states", (kept, indonesian, english) => {
  expect(statedOpening(kept, ".", id.opening)).toBe(indonesian);
  expect(statedOpening(kept, ":", en.opening)).toBe(english);
});
