// The map's few pictures, drawn when it starts: no sprite file, sharp on any screen.

import type { Map as MapLibre } from "maplibre-gl";
import { PLACE_ICONS, UNKNOWN_ICON } from "./mapstyle";
import { SILENT_GREY } from "./palette";

/** Picture points for each screen point. */
const RATIO = 3;

export function addIcons(map: MapLibre): void {
  add(map, UNKNOWN_ICON, 22, drawUnknown);
  add(map, PLACE_ICONS.depot, 26, (pen, size) => drawPlace(pen, size, "#274c77", "D"));
  add(map, PLACE_ICONS.disposal_site, 26, (pen, size) => drawPlace(pen, size, "#5b3a29", "T"));
}

type Pen = CanvasRenderingContext2D;

function add(map: MapLibre, name: string, size: number, draw: (pen: Pen, size: number) => void) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size * RATIO;
  const pen = canvas.getContext("2d");
  if (pen === null || map.hasImage(name)) return;
  pen.scale(RATIO, RATIO);
  draw(pen, size);
  const image = pen.getImageData(0, 0, canvas.width, canvas.height);
  map.addImage(name, image, { pixelRatio: RATIO });
}

function drawUnknown(pen: Pen, size: number): void {
  const middle = size / 2;
  pen.beginPath();
  pen.arc(middle, middle, middle - 2.5, 0, 2 * Math.PI);
  pen.fillStyle = "#ffffff";
  pen.fill();
  pen.setLineDash([3.2, 2.2]);
  pen.lineWidth = 2;
  pen.strokeStyle = SILENT_GREY;
  pen.stroke();
  letter(pen, size, 13, SILENT_GREY, "?");
}

function drawPlace(pen: Pen, size: number, colour: string, text: string): void {
  pen.beginPath();
  pen.roundRect(2, 2, size - 4, size - 4, 5);
  pen.fillStyle = colour;
  pen.fill();
  pen.lineWidth = 2;
  pen.strokeStyle = "#ffffff";
  pen.stroke();
  letter(pen, size, 14, "#ffffff", text);
}

function letter(pen: Pen, size: number, height: number, colour: string, text: string): void {
  pen.font = `700 ${height}px sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillStyle = colour;
  pen.fillText(text, size / 2, size / 2 + 0.5);
}
