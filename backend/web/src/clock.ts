// The time as the server has it: a phone with a wrong clock must not take fresh bins for silent.

let offsetMs = 0;

/** Below this a difference is the network and the whole seconds of the header, not a wrong clock. */
const TOLERATED_MS = 5_000;

export function offsetFrom(dateHeader: string | null, localMs: number): number {
  const serverMs = Date.parse(dateHeader ?? "");
  if (Number.isNaN(serverMs)) return 0;
  const difference = serverMs - localMs;
  return Math.abs(difference) < TOLERATED_MS ? 0 : difference;
}

export function noteServerTime(dateHeader: string | null, localMs: number): void {
  if (dateHeader !== null) offsetMs = offsetFrom(dateHeader, localMs);
}

/** Milliseconds since 1970, by the server's clock. */
export function serverNow(): number {
  return Date.now() + offsetMs;
}
