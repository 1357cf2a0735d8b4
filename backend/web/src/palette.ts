// Colours of the fill classes, in one place for the map; style.css has the same as variables.
// Blue to red over yellow, falling in lightness at both ends: told apart with any common colour
// blindness. `unknown` is told apart by its shape (dashed ring, question mark), not by colour.

import type { FillClass } from "./api";

export const COLOURS: Record<Exclude<FillClass, "unknown">, string> = {
  empty: "#4c9bc0",
  low: "#a5d3e6",
  half: "#f4d364",
  high: "#ee8c33",
  full: "#b11f2b",
};

export const SILENT_GREY = "#5d6671";
