/**
 * Checks a plan against the server's own schema (`schema/0.16.18.json.gz`, the file the server serves at
 * `/api/schema`), so that a misspelt property or a wrong type is found without a server. Pure but for
 * reading that file.
 *
 * Run alone it prints the faults of `settings.json` filled with sample values and ends with 1 if there are any:
 * `deno run --allow-read mailserver/stalwart/verify.ts`
 */
import { buildPlan, type Json, type JsonRecord, type Plan, type Step } from "./plan.ts";

interface FieldType {
  readonly type: string;
  readonly format?: string;
  readonly nullable?: boolean;
  readonly objectName?: string;
  readonly enumName?: string;
  readonly class?: FieldType;
  readonly keyClass?: FieldType;
  readonly valueClass?: FieldType;
  readonly min?: number;
  readonly max?: number;
  readonly maxLength?: number;
}
interface Field {
  readonly type: FieldType;
  readonly update: "mutable" | "immutable" | "serverSet";
  readonly enterprise?: boolean;
}
type ObjectSchema =
  | { readonly type: "single"; readonly schemaName: string }
  | {
    readonly type: "multiple";
    readonly variants: readonly { readonly name: string; readonly schemaName?: string }[];
  };
export interface Schema {
  readonly objects: Readonly<Record<string, { readonly type: string }>>;
  readonly schemas: Readonly<Record<string, ObjectSchema>>;
  readonly fields: Readonly<Record<string, { readonly properties: Readonly<Record<string, Field>> }>>;
  readonly enums: Readonly<Record<string, readonly { readonly name: string }[]>>;
}

/** The schema of the version in `settings.json`. */
export async function readSchema(): Promise<Schema> {
  const file = await Deno.readFile(new URL("./schema/0.16.18.json.gz", import.meta.url));
  const stream = new Blob([file]).stream().pipeThrough(new DecompressionStream("gzip"));
  return await new Response(stream).json();
}

/** Every fault of the plan as a sentence; an empty list means the server will understand all of it. */
export function faultsOf(plan: Plan, schema: Schema): string[] {
  const checker = new Checker(schema);
  const names = new Set<string>();
  plan.steps.forEach((step, index) => {
    checker.step(`${index + 1} ${step.object}`, step, names);
    if (step.kind === "match" && step.as !== undefined) names.add(step.as);
  });
  checker.object("config.json", "x:DataStore", plan.configJson, new Set());
  return checker.faults;
}

class Checker {
  readonly faults: string[] = [];
  constructor(private readonly schema: Schema) {}

  step(where: string, step: Step, names: ReadonlySet<string>): void {
    const kind = this.schema.objects[step.object]?.type;
    if (kind === undefined) return this.#fault(where, "no such object");
    const isSingleton = kind === "singleton";
    if (isSingleton !== (step.kind === "singleton" || step.kind === "createSingleton")) {
      this.#fault(where, `is a ${kind}, not fit for "${step.kind}"`);
    }
    if (step.kind === "keepOnly") return;
    this.object(where, step.object, step.value, names);
    if (step.kind === "match") {
      for (const key of step.match) if (!(key in step.value)) this.#fault(where, `matches by absent ${key}`);
    }
  }

  object(where: string, objectName: string, value: JsonRecord, names: ReadonlySet<string>): void {
    const schema = this.schema.schemas[objectName];
    if (schema === undefined) return this.#fault(where, `no schema of ${objectName}`);
    let schemaName: string | undefined;
    if (schema.type === "single") schemaName = schema.schemaName;
    else {
      const variant = schema.variants.find(({ name }) => name === value["@type"]);
      // A variant is not repeated when only one property of the present one is set.
      if (variant === undefined) {
        return this.#fault(where, `no variant ${String(value["@type"])} of ${objectName}`);
      }
      schemaName = variant.schemaName;
    }
    const properties = schemaName === undefined ? {} : this.schema.fields[schemaName]?.properties ?? {};
    for (const [key, item] of Object.entries(value)) {
      if (key === "@type") continue;
      const field = properties[key];
      if (field === undefined) this.#fault(`${where}.${key}`, "no such property");
      else if (field.update === "serverSet") this.#fault(`${where}.${key}`, "is set by the server alone");
      else if (field.enterprise === true && item !== null) {
        // Role sets of the enterprise's tenants must be named, or the built-in roles are made (facts §1).
        if (key !== "defaultTenantRoleIds") this.#fault(`${where}.${key}`, "needs the enterprise edition");
      } else this.#value(`${where}.${key}`, field.type, item, names);
    }
  }

  #value(where: string, type: FieldType, value: Json, names: ReadonlySet<string>): void {
    if (value === null) {
      if (type.nullable !== true) this.#fault(where, "may not be null");
      return;
    }
    switch (type.type) {
      case "boolean":
        return this.#expect(where, typeof value === "boolean", "is not a boolean");
      case "number":
        return this.#number(where, type, value);
      case "enum":
        return this.#member(where, type.enumName ?? "", value);
      case "objectId":
        return this.#expect(where, this.#isReference(value, names), "is no reference to an earlier object");
      case "object":
        return this.object(where, type.objectName ?? "", value as JsonRecord, names);
      case "objectList":
        for (const [key, item] of Object.entries(value as JsonRecord)) {
          this.#expect(`${where}.${key}`, /^\d+$/.test(key), "is not a list index");
          this.object(`${where}.${key}`, type.objectName ?? "", item as JsonRecord, names);
        }
        return;
      case "set":
        for (const [key, item] of Object.entries(value as JsonRecord)) {
          this.#expect(`${where}.${key}`, item === true, "is not true, as members of a set are");
          this.#value(`${where}.${key}`, type.class ?? { type: "string" }, key, names);
        }
        return;
      case "map":
        for (const [key, item] of Object.entries(value as JsonRecord)) {
          this.#value(`${where}.${key}`, type.keyClass ?? { type: "string" }, key, names);
          this.#value(`${where}.${key}`, type.valueClass ?? { type: "string" }, item, names);
        }
        return;
      default:
        return this.#expect(where, typeof value === "string", "is not a string");
    }
  }

  #number(where: string, type: FieldType, value: Json): void {
    if (typeof value !== "number") return this.#fault(where, "is not a number");
    if (type.min !== undefined && value < type.min) this.#fault(where, `is below ${type.min}`);
    if (type.max !== undefined && value > type.max) this.#fault(where, `is above ${type.max}`);
  }

  #member(where: string, enumName: string, value: Json): void {
    const members = this.schema.enums[enumName];
    if (members !== undefined && !members.some(({ name }) => name === value)) {
      this.#fault(where, `${String(value)} is not one of ${enumName}`);
    }
  }

  #isReference(value: Json, names: ReadonlySet<string>): boolean {
    return typeof value === "string" && value.startsWith("#") && names.has(value.slice(1));
  }

  #expect(where: string, holds: boolean, fault: string): void {
    if (!holds) this.#fault(where, fault);
  }

  #fault(where: string, fault: string): void {
    this.faults.push(`${where}: ${fault}`);
  }
}

/** Values that fill every placeholder, for checks without a server. */
export const samplePlaceholders: Readonly<Record<string, string>> = {
  DNS_ADDRESS: "127.0.0.1",
  DNS_PORT: "5353",
  BIND: "127.0.0.1",
  PORT_HTTP: "18201",
  PORT_RELAY: "18202",
  PORT_SUBMISSION: "18203",
  PORT_RECEIPTS: "18207",
  PORT_LMTP: "18204",
  PORT_IMAP: "18205",
  PORT_SIEVE: "18206",
  OPERATOR_DOMAIN: "operateur.mssante.test",
  HOSTNAME: "mail.operateur.mssante.test",
  MAIL_DB_HOST: "127.0.0.1",
  MAIL_DB_PORT: "5432",
  MAIL_DB_NAME: "stalwart",
  MAIL_DB_USER: "stalwart",
  DIRECTORY_DB_HOST: "127.0.0.1",
  DIRECTORY_DB_PORT: "5432",
  DIRECTORY_DB_NAME: "platform",
  DIRECTORY_DB_USER: "mail_directory",
  BORDER_ADDRESS: "::ffff:127.0.0.1",
  BORDER_PORT: "2525",
  HOOK_URL: "http://127.0.0.1:8480/internal/mail-server/hook",
  RECIPIENT_HOOK_URL: "http://127.0.0.1:8480/internal/mail-server/recipient",
};

if (import.meta.main) {
  const faults = faultsOf(buildPlan(samplePlaceholders), await readSchema());
  for (const fault of faults) console.error(fault);
  Deno.exit(faults.length === 0 ? 0 : 1);
}
