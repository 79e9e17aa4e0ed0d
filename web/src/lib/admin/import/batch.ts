/** A batch and its lines as the screens show them: states, counts, what differs, what may be done next. */
import type { Schemas } from "../client/client.ts";
import { m } from "#lib/i18n/generated/messages.js";
import type { Tone } from "../ui/states.ts";

export type Batch = Schemas["Batch"];
export type BatchLine = Schemas["BatchLine"];

interface Words {
  readonly text: () => string;
  readonly tone: Tone;
}

export const batchStates: Readonly<Record<Batch["state"], Words>> = {
  checking: { text: m.import_state_checking, tone: "plain" },
  ready: { text: m.import_state_ready, tone: "warning" },
  running: { text: m.import_state_running, tone: "plain" },
  done: { text: m.import_state_done, tone: "good" },
  undoing: { text: m.import_state_undoing, tone: "plain" },
  undone: { text: m.import_state_undone, tone: "plain" },
  abandoned: { text: m.import_state_abandoned, tone: "plain" },
};

/** Whether the platform is at work on it by itself. */
export function isAtWork(batch: Batch): boolean {
  return batch.state === "checking" || batch.state === "running" || batch.state === "undoing";
}

export const sourceTexts: Readonly<Record<Batch["action"], () => string>> = {
  import: m.import_action_import,
  suspend: m.import_action_suspend,
  resume: m.import_action_resume,
  close: m.import_action_close,
  change: m.import_action_change,
};

type Count = keyof Batch["counts"];

interface LineWords extends Words {
  readonly count: (input: { count: number }) => string;
}

/** Every state of a line, in the order in which the counts are shown: what is wrong comes first. */
export const lineStates: Readonly<Record<Count, LineWords>> = {
  error: { text: m.import_line_error, count: m.import_count_error, tone: "danger" },
  create: { text: m.import_line_create, count: m.import_count_create, tone: "good" },
  change: { text: m.import_line_change, count: m.import_count_change, tone: "warning" },
  close: { text: m.import_line_close, count: m.import_count_close, tone: "danger" },
  suspend: { text: m.import_line_suspend, count: m.import_count_suspend, tone: "warning" },
  resume: { text: m.import_line_resume, count: m.import_count_resume, tone: "good" },
  reopen: { text: m.import_line_reopen, count: m.import_count_reopen, tone: "good" },
  unchanged: { text: m.import_line_unchanged, count: m.import_count_unchanged, tone: "plain" },
  unchecked: { text: m.import_line_unchecked, count: m.import_count_unchecked, tone: "plain" },
};

export interface LineCount {
  readonly state: Count;
  readonly count: number;
  readonly text: string;
}

/** The counts that are not zero. */
export function listCounts({ counts }: Batch): readonly LineCount[] {
  return (Object.keys(lineStates) as Count[]).filter((state) => counts[state] > 0)
    .map((state) => ({
      state,
      count: counts[state],
      text: lineStates[state].count({ count: counts[state] }),
    }));
}

const changing: readonly Count[] = ["create", "change", "close", "suspend", "resume", "reopen"];

/** How many lines a run would change something by. */
export function countChanging({ counts }: Batch): number {
  return changing.reduce((sum, state) => sum + counts[state], 0);
}

export const outcomeTexts: Readonly<Record<NonNullable<BatchLine["outcome"]>, Words>> = {
  done: { text: m.import_outcome_done, tone: "good" },
  failed: { text: m.import_outcome_failed, tone: "danger" },
  undone: { text: m.import_outcome_undone, tone: "plain" },
  kept: { text: m.import_outcome_kept, tone: "warning" },
};

const columnTexts: Readonly<Record<string, () => string>> = {
  operation: m.column_operation,
  adresse: m.column_adresse,
  type: m.column_type,
  titulaire_rpps: m.column_titulaire_rpps,
  nom: m.column_nom,
  prenom: m.column_prenom,
  libelle: m.column_libelle,
  description: m.column_description,
  service: m.column_service,
  responsable: m.column_responsable,
  telephone: m.column_telephone,
  quota_mo: m.column_quota_mo,
  liste_rouge: m.column_liste_rouge,
  alias: m.column_alias,
};

export function columnText(column: string): string {
  return column === "" ? m.import_whole_line() : columnTexts[column]?.() ?? column;
}

type LineErrorCode = BatchLine["errors"][number]["code"];

const errorTexts: Readonly<Record<LineErrorCode, () => string>> = {
  "required": m.line_error_required,
  "invalid": m.line_error_invalid,
  "unknown-operation": m.line_error_unknown_operation,
  "address-taken": m.line_error_address_taken,
  "domain-foreign": m.line_error_domain_foreign,
  "duplicate-line": m.line_error_duplicate_line,
  "mailbox-not-found": m.line_error_mailbox_not_found,
  "mailbox-closing": m.line_error_mailbox_closing,
  "mailbox-closed": m.line_error_mailbox_closed,
  "column-fixed": m.line_error_column_fixed,
  "changed-meanwhile": m.line_error_changed_meanwhile,
  "quota-mailboxes-exceeded": m.line_error_quota_mailboxes_exceeded,
  "quota-bytes-exceeded": m.line_error_quota_bytes_exceeded,
  "structure-suspended": m.line_error_structure_suspended,
  "structure-closed": m.line_error_structure_closed,
};

/** What a column takes: said instead of the API's English reason. */
const invalidTexts: Readonly<Record<string, () => string>> = {
  adresse: m.line_invalid_address,
  alias: m.line_invalid_address,
  type: m.line_invalid_type,
  titulaire_rpps: m.line_invalid_rpps,
  quota_mo: m.line_invalid_quota,
  liste_rouge: m.line_invalid_yes_no,
  telephone: m.line_invalid_phone,
};

/** The sentence of one error of a line. */
export function errorText({ code, column }: BatchLine["errors"][number]): string {
  const isAboutColumn = code === "invalid" && column in invalidTexts;
  return (isAboutColumn ? invalidTexts[column]?.() : undefined) ?? errorTexts[code]();
}

/** The columns to show for correction: those that are wrong, and the address that says which line it is. */
export function columnsToCorrect({ errors, fields }: BatchLine): readonly string[] {
  const wrong = errors.map(({ column }) => column).filter((column) => column !== "");
  const known = Object.keys(columnTexts);
  return [...new Set([...wrong, ...(wrong.length === 0 ? Object.keys(fields) : ["adresse"])])]
    .sort((one, other) => known.indexOf(one) - known.indexOf(other));
}
