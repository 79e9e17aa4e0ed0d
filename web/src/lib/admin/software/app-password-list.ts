/** Columns, filter and acts of the list of a structure's app passwords. */
import { m } from "#lib/i18n/generated/messages.js";
import type { Act } from "../act/act.ts";
import { bodyOf, type Schemas } from "../client/client.ts";
import type { Admin } from "../shell/admin.svelte.ts";
import type { Chosen, Column, Filter } from "../table/table.ts";
import { dayOf, momentOf } from "../ui/dates.ts";

export type StructureAppPassword = Schemas["StructureAppPassword"];

/** Names of protocols, the same in every language. */
const scopeTexts: Readonly<Record<StructureAppPassword["scopes"][number], string>> = {
  imap: "IMAP",
  submission: "SMTP",
};

export const statusTexts: Readonly<Record<StructureAppPassword["status"], () => string>> = {
  live: m.certificate_in_force,
  expired: m.certificate_expired,
};

export const columns: readonly Column<StructureAppPassword>[] = [
  {
    id: "person",
    label: m.app_password_col_person,
    text: ({ person }) => `${person.givenName} ${person.familyName}`.trim(),
    width: "minmax(11rem, 1.2fr)",
  },
  {
    id: "device",
    label: m.app_password_col_device,
    text: ({ device }) => device,
    width: "minmax(11rem, 1.4fr)",
    onPhone: true,
  },
  {
    id: "box",
    label: m.app_password_col_box,
    text: ({ address }) => address,
    width: "minmax(14rem, 1.6fr)",
    onPhone: true,
  },
  {
    id: "scopes",
    label: m.app_password_col_scopes,
    text: ({ scopes }) => scopes.map((scope) => scopeTexts[scope]).join(", "),
    width: "8rem",
  },
  {
    id: "used",
    label: m.app_password_col_used,
    text: ({ lastUsedAt }) => lastUsedAt === null ? m.admin_never() : momentOf(lastUsedAt),
    sort: "lastUsedAt",
    width: "11rem",
    onPhone: true,
  },
  {
    id: "created",
    label: m.app_password_col_created,
    text: ({ createdAt }) => dayOf(createdAt),
    sort: "createdAt",
    width: "9rem",
    isExtra: true,
  },
  {
    id: "expires",
    label: m.app_password_col_expires,
    text: ({ expiresAt }) => dayOf(expiresAt),
    sort: "expiresAt",
    width: "9rem",
  },
  {
    id: "status",
    label: m.app_password_col_status,
    text: ({ status }) => statusTexts[status](),
    width: "7.5rem",
  },
];

export const filters: readonly Filter[] = [{
  id: "status",
  label: m.app_password_col_status,
  options: Object.entries(statusTexts).map(([value, label]) => ({ value, label })),
}];

/** Ends those chosen, or all that the search finds. */
export function revokeAct(
  admin: Admin,
  structureId: string,
  chosen: Chosen<StructureAppPassword>,
  done: () => void,
): Act {
  const isAll = "query" in chosen && chosen.query.q === "" && Object.keys(chosen.query.filters).length === 0;
  const [only, ...others] = "rows" in chosen ? chosen.rows : [];
  const title = only !== undefined
    ? m.app_password_revoke_title({ count: others.length + 1 })
    : isAll
    ? m.app_password_revoke_all_title()
    : m.app_password_revoke_found_title();
  const body = "rows" in chosen
    ? { appPasswordIds: chosen.rows.map(({ id }) => id) }
    : { filter: filterOf(chosen.query) };
  return {
    title,
    label: m.admin_app_password_revoke(),
    danger: true,
    ...(isAll ? { typed: m.app_password_revoke_all_word() } : {}),
    effects: [
      { text: m.app_password_revoke_now(), tone: "danger" },
      { text: m.app_password_revoke_again() },
      { text: m.app_password_revoke_webmail(), tone: "good" },
      { text: m.admin_irreversible(), tone: "danger" },
    ],
    run: async ({ key }) => {
      await bodyOf(
        admin.api.POST("/api/v1/structures/{structureId}/app-passwords/revocation", {
          params: { path: { structureId }, header: { "idempotency-key": key } },
          body,
        }),
      );
      done();
    },
    done: m.app_password_revoked(),
  };
}

function filterOf({ q, filters: { status } }: { q: string; filters: Readonly<Record<string, string>> }) {
  return {
    ...(q.trim() === "" ? {} : { q: q.trim() }),
    ...(status === "live" || status === "expired" ? { status } as const : {}),
  };
}
