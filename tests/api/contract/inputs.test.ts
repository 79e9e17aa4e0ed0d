/** What stands in the path, the query and the headers of every operation, at random: valid, nearly valid and rubbish. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { baseUrl, type Harness, openHarness } from "../../support/harness.ts";
import { anyText } from "./any-text.ts";
import { put } from "./common-problems.ts";
import type { Input } from "./document.ts";
import type { World } from "./example.ts";
import { endsTheSession, listOperations } from "./operations.ts";
import { newWorld, sceneOf, send } from "./scenes.ts";

let harness: Harness;
let world: World;

beforeAll(async () => {
  harness = await openHarness();
  world = await newWorld(harness);
});
afterAll(async () => await harness.close());

const operations = listOperations().filter((one) => !endsTheSession.has(one.id));
const withInputs = operations.filter((one) => one.inputs.length > 0);

/** What the document says of a value; the rest of a schema is words. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
}

const isNumber = ({ type = "string" }: Schema) => [type].flat().includes("integer");

/** Values that the document permits; their meaning may still be refused (a cursor, an ETag). */
function valid(schema: Schema): fc.Arbitrary<string> {
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(valid));
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.format === "uuid") return fc.uuid();
  if (schema.format === "date-time") {
    // As far as a calendar of four figures goes.
    const [min, max] = [new Date("0001-01-01T00:00:00Z"), new Date("9999-12-31T23:59:59Z")];
    return fc.date({ min, max, noInvalidDate: true }).map((date) => date.toISOString());
  }
  if (isNumber(schema)) {
    const { minimum: min = 0, maximum: max = 1_000 } = schema;
    return fc.integer({ min, max }).map(String);
  }
  const { minLength = 0, maxLength = 100 } = schema;
  return fc.string({ unit: "grapheme", minLength, maxLength: Math.min(maxLength, 50) });
}

/** Values of every kind, most of them wrong. */
const rubbish = fc.oneof(
  anyText(600),
  fc.string({ unit: "grapheme", maxLength: 600 }),
  fc.constantFrom(
    "",
    "0",
    "-1",
    "1e9",
    "NaN",
    "null",
    "1.5",
    "99999999999999999999",
    "\0",
    "%",
    "..",
    "../..",
    "'",
    '"',
  ),
  fc.constantFrom(
    "0001-01-01",
    "9999-12-31T23:59:59Z",
    "+275760-09-13T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "T",
  ),
  fc.constantFrom(
    "[]",
    "{}",
    "WyIxIl0",
    "W10",
    "bnVsbA",
    'W/"1"',
    '"1"',
    '"999999999999999999"',
    "*",
    "ﬀ",
    "\u202e",
  ),
);

/** Whether the document itself says that the value is wrong. */
function isWrong(schema: Schema, value: string): boolean {
  if (schema.anyOf !== undefined) return schema.anyOf.every((one) => isWrong(one, value));
  if (schema.enum !== undefined) return !schema.enum.includes(value);
  if (schema.format === "uuid") return !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
  if (schema.format === "date-time") return Number.isNaN(Date.parse(value));
  if (isNumber(schema)) {
    const number = Number(value);
    return !Number.isInteger(number) || number < (schema.minimum ?? -Infinity) ||
      number > (schema.maximum ?? Infinity);
  }
  return value.length > (schema.maxLength ?? Infinity) * 2 ||
    (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value));
}

/** What a client can put there at all: bytes in a header, something in the path. */
function canBeSent(input: Input, value: string): boolean {
  // "." and ".." are steps of a path, also when they are encoded (WHATWG URL).
  if (input.in === "path") return value !== "" && !/^\.{1,2}$/.test(value) && value.isWellFormed();
  if (input.in === "query") return value.isWellFormed();
  // Spaces around a header's value are not part of it; an empty one is the same as none.
  return /^[\x21-\x7e\xa0-\xff]([\x20-\x7e\xa0-\xff]*[\x21-\x7e\xa0-\xff])?$/.test(value);
}

describe.each(withInputs)("$id", (operation) => {
  const { inputs } = operation;

  it("takes any input without failing, and names what is wrong with it", async () => {
    const scene = sceneOf(harness, world, operation);
    const example = await scene.example();
    const change = fc.constantFrom(...inputs.keys()).chain((place) => {
      const input = inputs[place]!;
      const value = fc.oneof(valid(input.schema), rubbish).filter((one) => canBeSent(input, one));
      return fc.tuple(fc.constant(place), value);
    });
    await fc.assert(
      fc.asyncProperty(change, async ([place, value]) => {
        const input = inputs[place]!;
        const answer = await send(scene, put(example, input, value));
        const what = `${input.name} = ${JSON.stringify(value)}: ${answer.status} ${answer.text}`;
        expect(answer.status, what).toBeLessThan(500);
        expect(operation.statuses, what).toContain(answer.status);
        const { type, errors = [] } = answer.status < 400 ? {} : JSON.parse(answer.text);
        if (type === `${baseUrl}/problems/invalid-request`) {
          const pointers = errors.map((error: { pointer: string }) => error.pointer);
          expect(pointers, what).toEqual(pointers.map(() => `/${input.in}/${input.name}`));
          expect(pointers.length, what).toBeGreaterThan(0);
        } else if (isWrong(input.schema, value)) throw new Error(`not refused: ${what}`);
      }),
      { numRuns: 25, endOnFailure: true },
    );
  });
});

const fillings = withInputs.filter((one) => one.inputs.some((input) => input.in === "query"));
describe.each(fillings)("$id with a whole query", (operation) => {
  it("takes any permitted combination", async () => {
    const scene = sceneOf(harness, world, operation);
    const example = await scene.example();
    const query = Object.fromEntries(
      operation.inputs.filter((one) => one.in === "query" && one.name !== "cursor").map((
        one,
      ) => [one.name, valid(one.schema)]),
    );
    await fc.assert(
      fc.asyncProperty(fc.record(query, { requiredKeys: [] }), async (some) => {
        const answer = await send(scene, {
          request: { ...example, query: { ...example.query, ...some as Record<string, string> } },
        });
        expect(answer.status, answer.text).toBeLessThan(500);
        expect(operation.statuses).toContain(answer.status);
      }),
      { numRuns: 12, endOnFailure: true },
    );
  });
});

const bodiless = operations.filter((one) => !one.hasBody && one.method !== "GET");
describe.each(bodiless)("$id with a body that it does not ask for", (operation) => {
  it.each(["text/plain", "application/json"])("answers as declared to %s", async (type) => {
    const scene = sceneOf(harness, world, operation);
    for (const body of ["{", "x".repeat(1_048_577)]) {
      const answer = await send(scene, { raw: { body, type } });
      expect(operation.statuses, answer.text).toContain(answer.status);
    }
  });
});
