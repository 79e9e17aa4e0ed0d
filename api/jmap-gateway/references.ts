/**
 * Result references (RFC 8620 §3.7) and creation ids (§3.3, §5.3), resolved by the gateway when the call referred to
 * went to another box, or when a call must be looked into before it goes anywhere.
 */
import type { Arguments, Invocation } from "./request.ts";
import { isObject } from "./request.ts";

/** A reference could not be followed: the call is answered with `invalidResultReference`. */
export class InvalidResultReference extends Error {
  override readonly name = "InvalidResultReference";
}

function unescapeToken(token: string): string {
  return token.replaceAll("~1", "/").replaceAll("~0", "~");
}

function follow(value: unknown, tokens: readonly string[]): unknown {
  const [token, ...rest] = tokens;
  if (token === undefined) return value;
  if (Array.isArray(value)) {
    if (token === "*") {
      // The result of each item, flattened by one level when it is a list itself.
      return value.flatMap((item) => {
        const found = follow(item, rest);
        return Array.isArray(found) ? found : [found];
      });
    }
    if (!/^(0|[1-9][0-9]*)$/.test(token) || Number(token) >= value.length) {
      throw new InvalidResultReference("no such item");
    }
    return follow(value[Number(token)], rest);
  }
  const member = unescapeToken(token);
  if (isObject(value) && Object.hasOwn(value, member)) return follow(value[member], rest);
  throw new InvalidResultReference("no such member");
}

/** Evaluates a JSON Pointer with the `*` of JMAP. Throws {@link InvalidResultReference} when it leads nowhere. */
export function evaluatePointer(value: unknown, path: string): unknown {
  if (path === "") return value;
  if (!path.startsWith("/")) throw new InvalidResultReference("not a pointer");
  return follow(value, path.slice(1).split("/"));
}

/** Whether any argument is a result reference. */
export function hasReferences(args: Arguments): boolean {
  for (const key in args) if (key.startsWith("#")) return true;
  return false;
}

/** The call ids that the arguments refer to. */
export function referredCalls(args: Arguments): string[] {
  const ids: string[] = [];
  for (const key in args) {
    const reference = args[key];
    if (key.startsWith("#") && isObject(reference) && typeof reference.resultOf === "string") {
      ids.push(reference.resultOf);
    }
  }
  return ids;
}

/**
 * The arguments with each `#name` replaced by what it refers to among the responses so far. An argument given both
 * ways throws a TypeError (RFC 8620 §3.7: `invalidArguments`).
 *
 * @param only limits the work to references for which it says true; the others stay as they are
 */
export function resolveReferences(
  args: Arguments,
  responses: readonly Invocation[],
  only: (resultOf: string) => boolean = () => true,
): Arguments {
  const resolved: Arguments = {};
  for (const [key, value] of Object.entries(args)) {
    if (!key.startsWith("#")) {
      define(resolved, key, value);
      continue;
    }
    const name = key.slice(1);
    if (Object.hasOwn(args, name)) throw new TypeError(`The argument ${name} is given twice.`);
    if (
      !isObject(value) || typeof value.resultOf !== "string" || typeof value.name !== "string" ||
      typeof value.path !== "string"
    ) throw new InvalidResultReference("not a reference");
    if (!only(value.resultOf)) {
      define(resolved, key, value);
      continue;
    }
    const answer = responses.find(([, , callId]) => callId === value.resultOf);
    if (answer === undefined || answer[0] !== value.name) {
      throw new InvalidResultReference("no such response");
    }
    define(resolved, name, evaluatePointer(answer[1], value.path));
  }
  return resolved;
}

/** Sets an own property whatever its name: `__proto__` is data here. */
function define(target: Arguments, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

/** The id behind `#creationId`, or the id itself; undefined for a creation id that is not known. */
export function resolveId(id: string, createdIds: Readonly<Record<string, string>>): string | undefined {
  if (!id.startsWith("#")) return id;
  const creationId = id.slice(1);
  return Object.hasOwn(createdIds, creationId) ? createdIds[creationId] : undefined;
}

/** Adds what a `/set`, `/copy` or `/import` response created to the map of creation ids (RFC 8620 §3.3). */
export function noteCreatedIds(response: Invocation, createdIds: Record<string, string>): void {
  const created = response[1].created;
  if (!isObject(created)) return;
  for (const [creationId, object] of Object.entries(created)) {
    if (isObject(object) && typeof object.id === "string") define(createdIds, creationId, object.id);
  }
}
