import { checkHolder, type MailboxRow, stateWhenReopened } from "../mailboxes/mod.ts";
import type { Operation } from "./columns.ts";
import type { LineError } from "./line-error.ts";
import type { LineValues, ReadLine } from "./read-line.ts";

/** What the database says of the addresses of a line. */
export interface Facts {
  /** The structure's box of this address, if it is its own one and not an alias. */
  readonly box: MailboxRow | undefined;
  /** Which of the line's addresses somebody has or had, in whatever structure. */
  readonly taken: ReadonlySet<string>;
  /** Active domains of the structure. */
  readonly domains: ReadonlySet<string>;
  /** The first line of the batch that claims the same address, when it is another one. */
  readonly firstLine: number | undefined;
  readonly defaultQuotaBytes: number;
}

/** Fields that a line may change, as they stand in the diff. */
export interface Fields {
  type?: MailboxRow["type"];
  holderIdNatPs?: string | null;
  displayName?: string;
  description?: string;
  service?: string;
  responsible?: string;
  phone?: string;
  quotaBytes?: number;
  redList?: boolean;
  aliases?: readonly string[];
  status?: MailboxRow["status"];
  suspensionReason?: string | null;
}

export type Verdict =
  | { readonly state: "error"; readonly errors: readonly LineError[] }
  | { readonly state: "unchanged"; readonly mailbox: MailboxRow }
  | { readonly state: "create"; readonly after: Fields; readonly mailbox?: undefined }
  | {
    readonly state: "change" | "close" | "suspend" | "resume" | "reopen";
    readonly mailbox: MailboxRow;
    readonly before: Fields;
    readonly after: Fields;
  };

/** What running this line now would do. Pure: the dry run and the run ask the same. */
export function judgeLine(line: ReadLine, facts: Facts): Verdict {
  if (line.errors.length > 0) return { state: "error", errors: line.errors };
  const { box } = facts;
  const operation: Operation = line.operation ??
    (box === undefined || box.status === "closing" ? "create" : "change");
  if (operation === "create") return judgeCreation(line, facts);
  if (box === undefined) return wrong("adresse", "mailbox-not-found", "is no box of this structure");
  if (facts.firstLine !== undefined) return duplicate(facts.firstLine);
  switch (operation) {
    case "change":
      return judgeChange(line.values, box, facts);
    case "close":
      if (box.status === "closing" || box.status === "closed") return { state: "unchanged", mailbox: box };
      return { state: "close", mailbox: box, before: { status: box.status }, after: { status: "closing" } };
    case "suspend":
      if (box.status === "suspended") return { state: "unchanged", mailbox: box };
      return judgeOpen(box) ??
        { state: "suspend", mailbox: box, before: { status: box.status }, after: { status: "suspended" } };
    case "resume":
      if (box.status === "active") return { state: "unchanged", mailbox: box };
      return judgeOpen(box) ??
        { state: "resume", mailbox: box, before: { status: box.status }, after: { status: "active" } };
  }
}

function judgeCreation({ address, values }: ReadLine, facts: Facts): Verdict {
  const errors: LineError[] = [];
  const add = (column: string, code: LineError["code"], message: string) =>
    void errors.push({ column, code, message });
  const { type, aliases = [] } = values;
  if (facts.firstLine !== undefined) return duplicate(facts.firstLine);
  const own = address ?? "";
  // A box that is being closed is its structure's own: creating it anew for the same holder opens it again, with its mail.
  if (facts.box?.status === "closing" && isSameBox(values, facts.box)) {
    const { box } = facts;
    return {
      state: "reopen",
      mailbox: box,
      before: { status: "closing" },
      after: { status: stateWhenReopened(box) },
    };
  }
  if (facts.taken.has(own)) add("adresse", "address-taken", "is in use, or was given once");
  else if (!facts.domains.has(domainOf(own))) {
    add("adresse", "domain-foreign", "is not in an active domain of this structure");
  }
  for (const alias of aliases) {
    if (facts.taken.has(alias)) add("alias", "address-taken", "is in use, or was given once");
    else if (!facts.domains.has(domainOf(alias))) {
      add("alias", "domain-foreign", "is not in an active domain of this structure");
    }
  }
  if (type === undefined) add("type", "required", "is missing: PER, ORG, APP or CAB");
  else {
    const holder = checkHolder({
      type,
      holderIdNatPs: values.holderIdNatPs,
      responsible: values.responsible ?? "",
    });
    if (!holder.ok) {
      add(holder.field === "responsible" ? "responsable" : "titulaire_rpps", "invalid", holder.reason);
    }
  }
  if (errors.length > 0 || type === undefined) return { state: "error", errors };
  const after: Fields = {
    type,
    displayName: values.displayName ?? nameOf(values),
    quotaBytes: values.quotaBytes ?? facts.defaultQuotaBytes,
    redList: values.redList ?? false,
  };
  if (values.holderIdNatPs !== undefined) after.holderIdNatPs = values.holderIdNatPs;
  for (const name of ["description", "service", "responsible", "phone"] as const) {
    const text = values[name];
    if (text) after[name] = text;
  }
  if (aliases.length > 0) after.aliases = aliases;
  return { state: "create", after };
}

const changeable = [
  "displayName",
  "description",
  "service",
  "responsible",
  "phone",
  "quotaBytes",
  "redList",
] as const;

function judgeChange(values: LineValues, box: MailboxRow, facts: Facts): Verdict {
  const closed = judgeOpen(box);
  if (closed !== undefined) return closed;
  const now = fieldsOf(box);
  const fixed = (column: string) => wrong(column, "column-fixed", "cannot be changed once the box is made");
  if (values.type !== undefined && values.type !== now.type) return fixed("type");
  if (values.holderIdNatPs !== undefined && values.holderIdNatPs !== now.holderIdNatPs) {
    return fixed("titulaire_rpps");
  }
  if (box.type === "PER" && values.responsible) {
    return wrong("responsable", "invalid", "is not filled for a PER box: its holder is responsible");
  }
  const before: Record<string, unknown> = {};
  const after: Record<string, unknown> = {};
  for (const name of changeable) {
    if (values[name] === undefined || values[name] === now[name]) continue;
    before[name] = now[name];
    after[name] = values[name];
  }
  const added = (values.aliases ?? []).filter((one) => !box.aliases.includes(one) && one !== box.address);
  for (const alias of added) {
    if (facts.taken.has(alias)) return wrong("alias", "address-taken", "is in use, or was given once");
    if (!facts.domains.has(domainOf(alias))) {
      return wrong("alias", "domain-foreign", "is not in an active domain of this structure");
    }
  }
  if (added.length > 0) {
    before.aliases = box.aliases;
    after.aliases = [...box.aliases, ...added].sort();
  }
  if (Object.keys(after).length === 0) return { state: "unchanged", mailbox: box };
  return { state: "change", mailbox: box, before: before as Fields, after: after as Fields };
}

/** The fields of a box that a line may name. */
export function fieldsOf(box: MailboxRow): Required<Omit<Fields, "suspensionReason">> {
  return {
    type: box.type,
    holderIdNatPs: box.holder_id_nat_ps,
    displayName: box.display_name,
    description: box.description,
    service: box.service,
    responsible: box.responsible,
    phone: box.phone,
    quotaBytes: box.quota_bytes,
    redList: box.red_list,
    aliases: box.aliases,
    status: box.status,
  };
}

function judgeOpen(box: MailboxRow): Verdict | undefined {
  if (box.status === "closing") return wrong("adresse", "mailbox-closing", "is a box that is being closed");
  if (box.status === "closed") return wrong("adresse", "mailbox-closed", "is a closed box");
  return undefined;
}

function isSameBox(values: LineValues, box: MailboxRow): boolean {
  return values.type === box.type && (values.holderIdNatPs ?? null) === box.holder_id_nat_ps;
}

function nameOf({ givenName = "", familyName = "" }: LineValues): string {
  return `${givenName} ${familyName}`.trim().slice(0, 128);
}

function domainOf(address: string): string {
  return address.slice(address.indexOf("@") + 1);
}

function duplicate(line: number): Verdict {
  return wrong("adresse", "duplicate-line", `stands on line ${line} already`);
}

function wrong(column: string, code: LineError["code"], message: string): Verdict {
  return { state: "error", errors: [{ column, code, message }] };
}
