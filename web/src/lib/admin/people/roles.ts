/** The roles by their names, and what each allows. */
import { m } from "#lib/i18n/generated/messages.js";

export const structureRoles = [
  "structure_administrator",
  "domain_administrator",
  "mailbox_manager",
  "user",
] as const;
export const operatorRoles = ["operator_administrator", "operator_support", "auditor"] as const;
export type StructureRole = (typeof structureRoles)[number];
export type OperatorRole = (typeof operatorRoles)[number];

interface RoleText {
  readonly name: () => string;
  readonly about: () => string;
}

const texts: Readonly<Record<StructureRole | OperatorRole, RoleText>> = {
  operator_administrator: { name: m.role_operator_administrator, about: m.role_about_operator_administrator },
  operator_support: { name: m.role_operator_support, about: m.role_about_operator_support },
  auditor: { name: m.role_auditor, about: m.role_about_auditor },
  structure_administrator: {
    name: m.role_structure_administrator,
    about: m.role_about_structure_administrator,
  },
  domain_administrator: { name: m.role_domain_administrator, about: m.role_about_domain_administrator },
  mailbox_manager: { name: m.role_mailbox_manager, about: m.role_about_mailbox_manager },
  user: { name: m.role_user, about: m.role_about_user },
};

export function roleText(role: string): string {
  return role in texts ? texts[role as keyof typeof texts].name() : role;
}

export function roleAbout(role: string): string {
  return role in texts ? texts[role as keyof typeof texts].about() : "";
}
