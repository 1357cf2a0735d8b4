// The draft as the browser keeps it over a reload. Pure functions.

import type { Change, Draft } from "./changes";

/** Steps as they were kept in the browser; none when they cannot be read. */
export function parseDraft(text: string | null): Draft {
  try {
    const found: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(found) ? found.filter(isChange) : [];
  } catch {
    return [];
  }
}

function isChange(value: unknown): value is Change {
  if (typeof value !== "object" || value === null) return false;
  const one = value as Record<string, unknown>;
  const isText = (...names: string[]) => names.every((name) => typeof one[name] === "string");
  const isTextOrNull = (...names: string[]) => names.every((name) => one[name] === null || isText(name));
  const isNumber = (name: string) => typeof one[name] === "number";
  switch (one["kind"]) {
    case "lock":
      return isText("bin", "vehicle") && (one["position"] === null || isNumber("position"));
    case "forbid":
    case "force":
    case "complaint":
    case "unlock":
      return isText("bin");
    case "hours":
      return isText("bin") && isTextOrNull("after", "before");
    case "keep":
      return isText("vehicle") && isNumber("stops");
    case "without":
    case "again":
      return isText("vehicle");
    case "queue":
      return isText("site") && isNumber("minutes");
    case "underway":
      return isTextOrNull("at");
    case "served":
      return isText("bin", "vehicle") && typeof one["isServed"] === "boolean";
    case "place":
      return isText("vehicle") && isNumber("lon") && isNumber("lat") && isTextOrNull("at");
    case "load":
      return isText("vehicle") && isNumber("load_kg") && isNumber("load_l");
    default:
      return false;
  }
}
