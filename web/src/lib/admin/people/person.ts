/** A person as the lists and the screen show one. */
import type { Schemas } from "../client/client.ts";
import { m } from "#lib/i18n/generated/messages.js";
import { roleText } from "./roles.ts";

export type Person = Schemas["Person"];

/** « Camille MARTIN »; the identifier of who has never signed in and was noted without a name. */
export function nameOf(person: Pick<Person, "givenName" | "familyName" | "idNatPs">): string {
  const name = `${person.givenName} ${person.familyName.toLocaleUpperCase("fr")}`.trim();
  return name === "" ? (person.idNatPs ?? m.person_no_id_nat()) : name;
}

/** The roles in one structure, or over all of them, in words. */
export function rolesOf(person: Person, structureId: string | null): string {
  const own = person.roles.filter((one) => structureId === null || one.structureId === structureId);
  const names = [...new Set(own.map(({ role }) => roleText(role)))];
  return names.length === 0 ? m.people_no_role() : names.join(", ");
}

export const statusTexts: Readonly<Record<Person["status"], () => string>> = {
  active: m.people_status_active,
  invited: m.people_status_invited,
  departed: m.people_status_departed,
  suspended: m.people_status_suspended,
};

export const statusTones = {
  active: "good",
  invited: "plain",
  departed: "plain",
  suspended: "danger",
} as const satisfies Record<Person["status"], string>;
