/** Columns and filters of the lists of boxes. */
import { m } from "#lib/i18n/generated/messages.js";
import type { Column, Filter, TableRequest } from "../table/table.ts";
import { asParameters } from "../table/table.ts";
import { sizeOf } from "../ui/bytes.ts";
import { dayOf } from "../ui/dates.ts";
import { stateOf, stateOptions } from "../ui/states.ts";
import { type Mailbox, mailboxTypes, provisioningName, provisioningStates, typeName } from "./words.ts";

export const mailboxColumns: readonly Column<Mailbox>[] = [
  {
    id: "address",
    label: m.admin_col_address,
    text: ({ address }) => address,
    sort: "address",
    width: "minmax(15rem, 2fr)",
  },
  {
    id: "displayName",
    label: m.admin_col_label,
    text: ({ displayName }) => displayName,
    sort: "displayName",
    width: "minmax(8rem, 1fr)",
    onPhone: true,
  },
  {
    id: "type",
    label: m.admin_col_type,
    text: ({ type }) => type,
    sort: "type",
    width: "4.75rem",
    onPhone: true,
  },
  {
    id: "status",
    label: m.admin_col_state,
    text: ({ status }) => stateOf(status).text,
    sort: "status",
    width: "6.5rem",
    onPhone: true,
  },
  {
    id: "provisioning",
    label: m.admin_col_server,
    text: ({ provisioning }) => provisioningName(provisioning.status),
    width: "7.5rem",
  },
  {
    id: "lastAuthenticatedAt",
    label: m.admin_col_last_opened,
    text: ({ lastAuthenticatedAt }) => dayOf(lastAuthenticatedAt),
    sort: "lastAuthenticatedAt",
    width: "11.5rem",
  },
  {
    id: "quotaBytes",
    label: m.admin_col_quota,
    text: ({ quotaBytes }) => sizeOf(quotaBytes),
    sort: "quotaBytes",
    width: "5.5rem",
    align: "end",
  },
  { id: "service", label: m.admin_field_service, text: ({ service }) => service, isExtra: true },
  {
    id: "responsible",
    label: m.admin_field_responsible,
    text: ({ responsible }) => responsible,
    isExtra: true,
  },
  { id: "aliases", label: m.admin_aliases, text: ({ aliases }) => aliases.join(", "), isExtra: true },
  {
    id: "redList",
    label: m.admin_field_red_list,
    text: ({ redList }) => (redList ? m.admin_yes() : m.admin_no()),
    isExtra: true,
  },
  {
    id: "createdAt",
    label: m.admin_col_created,
    text: ({ createdAt }) => dayOf(createdAt),
    sort: "createdAt",
    width: "10rem",
    isExtra: true,
  },
  {
    id: "updatedAt",
    label: m.admin_col_updated,
    text: ({ updatedAt }) => dayOf(updatedAt),
    sort: "updatedAt",
    width: "10rem",
    isExtra: true,
  },
];

const daysUnopened = ["90", "180", "330"];

export const mailboxFilters: readonly Filter[] = [
  {
    id: "type",
    label: m.admin_col_type,
    options: mailboxTypes.map((type) => ({ value: type, label: () => `${type} – ${typeName(type)}` })),
  },
  {
    id: "status",
    label: m.admin_filter_state,
    options: stateOptions("active", "suspended", "closing", "closed"),
  },
  {
    id: "provisioning",
    label: m.admin_col_server,
    options: provisioningStates.map((value) => ({ value, label: () => provisioningName(value) })),
  },
  {
    id: "unopened",
    label: m.admin_filter_unopened,
    options: daysUnopened.map((value) => ({
      value,
      label: () => m.admin_filter_unopened_days({ count: Number(value) }),
    })),
  },
];

/** The filters as the API names them: « not opened for 90 days » is a date there. */
export function mailboxFilterParameters(filters: Readonly<Record<string, string>>): Record<string, string> {
  const { unopened, ...others } = filters;
  if (unopened === undefined) return others;
  const since = new Date(Date.now() - Number(unopened) * 86_400_000);
  since.setUTCHours(0, 0, 0, 0); // The same for every page of the list.
  return { ...others, inactiveSince: since.toISOString() };
}

export function mailboxParameters(request: TableRequest): Record<string, string | number> {
  return asParameters({ ...request, filters: mailboxFilterParameters(request.filters) });
}
