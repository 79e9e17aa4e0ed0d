/** Who is shown what of the RGPD; the API decides (api/identity/policy.ts). */
import type { Rights } from "../shell/rights.ts";

export function readsPlatformRegister(rights: Rights): boolean {
  return rights.isOperatorAdministrator || rights.has("auditor");
}

export function readsErasures(rights: Rights): boolean {
  return rights.isOperatorAdministrator || rights.has("auditor");
}

export function readsCharters(rights: Rights): boolean {
  return rights.isStaff;
}
