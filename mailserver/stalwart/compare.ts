/**
 * What of a wanted value differs from what the server has: the patch that a `/set update` needs. Pure.
 *
 * Wanted is a subset: properties the plan does not name are the server's. But a set (`{member: true}`) is
 * wanted as a whole, or a permission that was taken out of the plan would never be taken away.
 */
import type { Json, JsonRecord } from "./plan.ts";

/** Resolves `#name` references, in values and in keys, to the ids of objects. */
export function resolveReferences(value: Json, ids: ReadonlyMap<string, string>): Json {
  if (typeof value === "string") return resolveText(value, ids);
  if (Array.isArray(value)) return value.map((item) => resolveReferences(item, ids));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value as JsonRecord).map(([key, item]) => [
        resolveText(key, ids),
        resolveReferences(item, ids),
      ]),
    );
  }
  return value;
}

function resolveText(text: string, ids: ReadonlyMap<string, string>): string {
  if (!text.startsWith("#")) return text;
  const id = ids.get(text.slice(1));
  if (id === undefined) throw new Error(`Reference ${text} stands before the object it names.`);
  return id;
}

/** The properties of `wanted` that differ from `observed`, without those in `ignored`. */
export function differing(
  wanted: JsonRecord,
  observed: JsonRecord,
  ignored: readonly string[] = [],
): JsonRecord {
  return Object.fromEntries(
    Object.entries(wanted).filter(([key, value]) =>
      !ignored.includes(key) && !matches(value, observed[key] ?? null)
    ),
  );
}

/** Whether the observed value is what is wanted. */
export function matches(wanted: Json, observed: Json): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(observed) && wanted.length === observed.length &&
      wanted.every((item, index) => matches(item, (observed as readonly Json[])[index] ?? null));
  }
  if (typeof wanted === "object" && wanted !== null) {
    if (typeof observed !== "object" || observed === null || Array.isArray(observed)) {
      // An empty set or map may come back as nothing at all.
      return observed === null && Object.keys(wanted).length === 0;
    }
    const wantedRecord = wanted as JsonRecord;
    const observedRecord = observed as JsonRecord;
    if (isSet(wantedRecord) || isSet(observedRecord)) return sameKeys(wantedRecord, observedRecord);
    if (isExpression(wantedRecord) && !sameBranches(wantedRecord, observedRecord)) return false;
    return Object.entries(wantedRecord).every(([key, value]) => matches(value, observedRecord[key] ?? null));
  }
  return wanted === observed;
}

function isSet(record: JsonRecord): boolean {
  const values = Object.values(record);
  return values.length > 0 && values.every((value) => value === true) && !("enable" in record) &&
    !("enabled" in record);
}

function isExpression(record: JsonRecord): boolean {
  return "else" in record;
}

/** A branch that the plan no longer has must go as well, so the branches count as a whole. */
function sameBranches(wanted: JsonRecord, observed: JsonRecord): boolean {
  const count = (value: Json | undefined) => Object.keys((value ?? {}) as JsonRecord).length;
  return count(wanted["match"]) === count(observed["match"]);
}

function sameKeys(a: JsonRecord, b: JsonRecord): boolean {
  const keys = Object.keys(a).sort();
  const others = Object.keys(b).sort();
  return keys.length === others.length && keys.every((key, index) => key === others[index]);
}
