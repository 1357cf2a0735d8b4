import { expect, it } from "vitest";
import { en } from "./en";
import { id } from "./id";

/** `name` for a text, `name()` for a text with values, with a path for the nested ones. */
function keys(messages: object, path = ""): string[] {
  return Object.entries(messages).flatMap(([name, message]) => {
    if (typeof message === "string") return [`${path}${name}`];
    if (typeof message === "function") return [`${path}${name}()`];
    return keys(message as object, `${path}${name}.`);
  });
}

function texts(messages: object): string[] {
  return Object.values(messages).flatMap((message) => {
    if (typeof message === "string") return [message];
    return typeof message === "function" ? [] : texts(message as object);
  });
}

it("both languages have the same messages", () => {
  expect(keys(en).sort()).toEqual(keys(id).sort());
});

it.each([
  ["id", id],
  ["en", en],
])("no message of %s is empty", (_language, messages) => {
  expect(texts(messages).filter((text) => text.trim() === "")).toEqual([]);
});

it("who is not told a name reads of none", () => {
  const said = [id, en].flatMap(({ plans }) => [
    plans.madeBy("", "13.00"),
    plans.events.published("", "13.00"),
    plans.newInForce("", "13.00"),
  ]);
  expect(said).toEqual([
    "Dibuat 13.00",
    "Diterbitkan, 13.00",
    "Rencana lain kini berlaku (13.00).",
    "Made 13.00",
    "Published, 13.00",
    "Another plan is in force now (13.00).",
  ]);
});
