/**
 * The plan: `settings.json` with its placeholders filled. Pure; nothing here speaks to the server.
 */
import settings from "./settings.json" with { type: "json" };

export type Json = null | boolean | number | string | readonly Json[] | JsonRecord;
export type JsonRecord = { readonly [key: string]: Json };

/** One setting. How each kind is applied stands in `settings.json` under `format`. */
export type Step =
  | { readonly object: string; readonly kind: "singleton"; readonly value: JsonRecord }
  | { readonly object: string; readonly kind: "createSingleton"; readonly value: JsonRecord }
  | { readonly object: string; readonly kind: "each"; readonly value: JsonRecord }
  | {
    readonly object: string;
    readonly kind: "keepOnly";
    readonly by: string;
    readonly values: readonly string[];
  }
  | {
    readonly object: string;
    readonly kind: "match";
    readonly match: readonly string[];
    readonly immutable: readonly string[];
    readonly as?: string;
    readonly value: JsonRecord;
  };

/** Values of the placeholders by name, all as text. */
export type Placeholders = Readonly<Record<string, string>>;

export interface Plan {
  readonly version: string;
  /** The server's `config.json`: where its data store is, and nothing else. */
  readonly configJson: JsonRecord;
  readonly steps: readonly Step[];
}

/** Variables without which the server must not be started: some of them missing open a door (README.md). */
export const requiredEnvironment: readonly string[] = settings.environment.always;

/**
 * Fills the placeholders of `settings.json`.
 *
 * @throws Error naming the placeholder or role set that has no value, or the number that is none.
 */
export function buildPlan(placeholders: Placeholders): Plan {
  const fill = (value: unknown): Json => fillValue(value, placeholders);
  return {
    version: settings.version,
    configJson: fill(settings.configJson) as JsonRecord,
    steps: settings.steps.map((step) => toStep(fill(step) as JsonRecord)),
  };
}

/** A digest of the plan and of other texts that belong to it: equal digests mean there is nothing new to apply. */
export async function digestOf(plan: Plan, ...others: readonly string[]): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify([plan, ...others]));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

function toStep(step: JsonRecord): Step {
  const object = String(step["object"]);
  for (const kind of ["singleton", "createSingleton", "each"] as const) {
    if (step[kind] !== undefined) return { object, kind, value: step[kind] as JsonRecord };
  }
  if (step["keepOnly"] !== undefined) {
    const { by, values } = step["keepOnly"] as { by: string; values: string[] };
    return { object, kind: "keepOnly", by, values };
  }
  if (!Array.isArray(step["match"])) throw new Error(`A step on ${object} is of no known kind.`);
  return {
    object,
    kind: "match",
    match: step["match"] as string[],
    immutable: (step["immutable"] ?? []) as string[],
    ...(step["as"] === undefined ? {} : { as: String(step["as"]) }),
    value: step["value"] as JsonRecord,
  };
}

const wholePlaceholder = /^\$\{([A-Z_]+):int\}$/;
const placeholder = /\$\{([A-Z_]+)\}/g;

function fillValue(value: unknown, placeholders: Placeholders): Json {
  if (typeof value === "string") return fillText(value, placeholders);
  if (Array.isArray(value)) return value.map((item) => fillValue(item, placeholders));
  if (typeof value === "object" && value !== null) {
    const filled = Object.entries(value).map(([key, item]) => [
      String(fillText(key, placeholders)),
      fillValue(item, placeholders),
    ]);
    // An expression without branches must say so, or the branches of the server's default stay in force.
    if ("else" in value && !("match" in value)) filled.push(["match", {}]);
    return Object.fromEntries(filled);
  }
  return value as Json;
}

function fillText(text: string, placeholders: Placeholders): Json {
  if (text.startsWith("@") && !text.startsWith("@type")) return roleSet(text.slice(1));
  const number = wholePlaceholder.exec(text)?.[1];
  if (number !== undefined) {
    const parsed = Number(valueOf(number, placeholders));
    if (!Number.isSafeInteger(parsed)) throw new Error(`Placeholder ${number} is not a whole number.`);
    return parsed;
  }
  return text.replaceAll(placeholder, (_, name: string) => valueOf(name, placeholders));
}

function valueOf(name: string, placeholders: Placeholders): string {
  const value = placeholders[name];
  if (value === undefined || value === "") throw new Error(`Placeholder ${name} has no value.`);
  return value;
}

function roleSet(name: string): Json {
  const permissions = (settings.roleSets as Record<string, string>)[name];
  if (permissions === undefined) throw new Error(`There is no role set ${name}.`);
  return Object.fromEntries(permissions.split(" ").map((permission) => [permission, true]));
}
