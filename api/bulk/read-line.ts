import { mailboxChange, mailboxInput, parseAddress } from "../mailboxes/mod.ts";
import { idNatPs, personInput } from "../tenancy/mod.ts";
import { type Cells, type Column, type Operation, parseOperation, parseYesNo } from "./columns.ts";
import type { LineError } from "./line-error.ts";

/** What a line says of a box, by the API's names; only what it says. */
export interface LineValues {
  type?: "PER" | "ORG" | "APP" | "CAB";
  holderIdNatPs?: string;
  familyName?: string;
  givenName?: string;
  displayName?: string;
  description?: string;
  service?: string;
  responsible?: string;
  phone?: string;
  quotaBytes?: number;
  redList?: boolean;
  aliases?: readonly string[];
}

export interface ReadLine {
  /** null: whatever fits the box that is there or not. */
  readonly operation: Operation | null;
  /** null when it cannot be read. */
  readonly address: string | null;
  readonly values: LineValues;
  readonly errors: readonly LineError[];
}

/** The address and aliases that a line would take, if it creates: lines that claim the same one are duplicates. */
export function claimsOf(line: ReadLine): readonly string[] {
  return [...line.address === null ? [] : [line.address], ...line.values.aliases ?? []];
}

/** A cell with this alone empties the field; an empty cell leaves it as it is. */
const emptied = "-";
const bytesPerMegabyte = 1_048_576;

/** Reads the cells by the rules of a single creation (api/mailboxes), naming each column that breaks one. */
export function readLine(cells: Cells): ReadLine {
  const errors: LineError[] = [];
  const wrong = (column: Column, message: string, code: LineError["code"] = "invalid") =>
    void errors.push({ column, code, message });
  const values: LineValues = {};
  const operation = parseOperation(cells.operation ?? "");
  if (operation === undefined) wrong("operation", "is not an operation", "unknown-operation");

  const parsed = parseAddress(cells.adresse ?? "");
  if (cells.adresse === undefined || cells.adresse === "") wrong("adresse", "is missing", "required");
  else if (!parsed.ok) wrong("adresse", parsed.reason);

  const said = (column: Column) => {
    const text = cells[column];
    return text === undefined || text === "" ? undefined : text;
  };
  const set = <K extends keyof LineValues>(
    column: Column,
    name: K,
    schema: { safeParse(value: unknown): SafeParse },
    value = (text: string): unknown => text === emptied ? "" : text,
  ) => {
    const text = said(column);
    if (text === undefined) return;
    const result = schema.safeParse(value(text));
    if (result.success) values[name] = result.data as NonNullable<LineValues[K]>;
    else wrong(column, result.error?.issues[0]?.message ?? "is not valid");
  };
  const { shape } = mailboxChange;
  set("type", "type", mailboxInput.shape.type, (text) => text.toUpperCase());
  set("titulaire_rpps", "holderIdNatPs", idNatPs, toIdNatPs);
  set("nom", "familyName", personInput.familyName);
  set("prenom", "givenName", personInput.givenName);
  set("libelle", "displayName", shape.displayName);
  set("description", "description", shape.description);
  set("service", "service", shape.service);
  set("responsable", "responsible", shape.responsible);
  set("telephone", "phone", shape.phone);
  set("quota_mo", "quotaBytes", shape.quotaBytes, toBytes);
  const redList = said("liste_rouge");
  if (redList !== undefined) {
    const is = parseYesNo(redList);
    if (is === undefined) wrong("liste_rouge", "must be oui or non");
    else values.redList = is;
  }
  const aliases = said("alias");
  if (aliases !== undefined && aliases !== emptied) {
    const all = aliases.split(/[\s,;|]+/).filter((one) => one !== "").map(parseAddress);
    for (const one of all) if (!one.ok) wrong("alias", one.reason);
    values.aliases = [...new Set(all.flatMap((one) => one.ok ? [one.address] : []))];
  }
  return { operation: operation ?? null, address: parsed.ok ? parsed.address : null, values, errors };
}

interface SafeParse {
  readonly success: boolean;
  readonly data?: unknown;
  readonly error?: { readonly issues: readonly { readonly message: string }[] };
}

/** An RPPS alone is what people have at hand: idNat_PS is 8 before it. */
function toIdNatPs(text: string): string {
  const bare = text.replaceAll(/[\s.]/g, "");
  return /^\d{11}$/.test(bare) ? `8${bare}` : bare;
}

function toBytes(text: string): unknown {
  const megabytes = /^\d{1,9}$/.test(text.replaceAll(/\s/g, "")) ? Number(text.replaceAll(/\s/g, "")) : NaN;
  return megabytes * bytesPerMegabyte;
}
