/** The columns and filters of the lists of people. */
import { m } from "#lib/i18n/generated/messages.js";
import { dayOf } from "../ui/dates.ts";
import type { Column, Filter } from "../table/table.ts";
import { nameOf, type Person, rolesOf, statusTexts } from "./person.ts";
import { roleText, structureRoles } from "./roles.ts";

/** `structureId` null: over all structures. */
export function peopleColumns(structureId: string | null): readonly Column<Person>[] {
  return [
    { id: "name", label: m.people_col_name, text: nameOf, sort: "name", width: "minmax(12rem, 1.4fr)" },
    {
      id: "mailboxes",
      label: m.people_col_mailboxes,
      text: ({ mailboxes }) => mailboxesText(mailboxes),
      width: "minmax(14rem, 1.6fr)",
      onPhone: true,
    },
    { id: "roles", label: m.people_col_roles, text: (person) => rolesOf(person, structureId) },
    { id: "rpps", label: m.people_col_rpps, text: ({ rpps }) => rpps ?? "", width: "9rem" },
    {
      id: "status",
      label: m.people_col_status,
      text: ({ status }) => statusTexts[status](),
      width: "8rem",
    },
    {
      id: "last",
      label: m.people_col_last,
      text: ({ lastSignedInAt }) => lastSignedInAt === null ? m.people_never() : dayOf(lastSignedInAt),
      sort: "lastSignedInAt",
      width: "11.5rem",
    },
  ];
}

function mailboxesText(mailboxes: Person["mailboxes"]): string {
  const [first, ...others] = mailboxes;
  if (first === undefined) return "";
  return others.length === 0 ? first.address : `${first.address} + ${others.length}`;
}

const statusFilter: Filter = {
  id: "status",
  label: m.people_filter_status,
  options: Object.entries(statusTexts).map(([value, label]) => ({ value, label })),
};

export const operatorPeopleFilters: readonly Filter[] = [statusFilter];
export const peopleFilters: readonly Filter[] = [
  {
    id: "role",
    label: m.people_filter_role,
    options: structureRoles.map((value) => ({ value, label: () => roleText(value) })),
  },
  statusFilter,
];
