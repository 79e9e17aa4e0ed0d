/** What goes over the wire: accounts for administrators, and the steps of the staff's own pages. */
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from "@simplewebauthn/server";
import { z } from "../http/openapi.ts";
import { pageOf } from "../http/paginate.ts";
import { plainText } from "../http/plain-text.ts";
import type { FactorsRow, PasskeyRow } from "./factor-queries.ts";
import type { ListedAccountRow } from "./queries.ts";

const role = z.enum(["operator_administrator", "operator_support", "auditor"]);
const someRoles = z.array(role).min(1).max(3);

export const staffBody = z.object({
  personId: z.uuid(),
  login: z.string(),
  givenName: z.string(),
  familyName: z.string(),
  roles: z.array(role),
  status: z.enum(["invited", "active", "closed"]),
  hasPassword: z.boolean(),
  passkeyCount: z.int(),
  createdAt: z.iso.datetime(),
  enrolledAt: z.iso.datetime().nullable(),
  lastSignedInAt: z.iso.datetime().nullable(),
  enrolmentExpiresAt: z.iso.datetime().nullable().openapi({
    description: "End of the link that was given and not used; null when there is none",
  }),
}).openapi("StaffAccount");
export const staffPage = pageOf(staffBody).openapi("StaffAccountPage");

export const invitedBody = staffBody.extend({
  enrolmentUrl: z.url().openapi({
    description: "The link that sets the account up, shown this once; good for an hour and one use",
  }),
}).openapi("InvitedStaffAccount");

/** As it is compared: in small letters. */
export const login = z.string().trim().toLowerCase().min(3).max(254).regex(
  /^[a-z0-9][a-z0-9._+-]*(@[a-z0-9.-]+)?$/,
  "must be a name such as c.martin, or an e-mail address",
);

export const staffInput = z.strictObject({
  login: login.openapi({ example: "c.martin@operateur.example" }),
  givenName: plainText(1, 100),
  familyName: plainText(1, 100),
  roles: someRoles,
}).openapi("NewStaffAccount");

export const rolesInput = z.strictObject({ roles: someRoles }).openapi("StaffRoles");
export const resetInput = z.strictObject({ reason: plainText(1, 255) }).openapi("StaffReset");
export const staffParam = z.object({
  personId: z.guid().openapi({ param: { name: "personId", in: "path" }, format: "uuid" }),
});

export function toStaffBody(row: ListedAccountRow): z.infer<typeof staffBody> {
  return {
    personId: row.person_id,
    login: row.login,
    givenName: row.given_name,
    familyName: row.family_name,
    roles: [...row.roles],
    status: row.status,
    hasPassword: row.has_password,
    passkeyCount: row.passkey_count,
    createdAt: row.created_at.toISOString(),
    enrolledAt: row.enrolled_at?.toISOString() ?? null,
    lastSignedInAt: row.last_signed_in_at?.toISOString() ?? null,
    enrolmentExpiresAt: row.enrolment_expires_at?.toISOString() ?? null,
  };
}

// What the pages of the sign-in send. Longer than any that is right is refused before any work is done.
const transaction = z.string().max(64);
const password = z.string().max(1_024);
const code = z.string().trim().max(64);
const passkeyName = plainText(1, 64);
const base64url = z.string().max(8_192);

const assertion = z.object({
  id: z.string().min(1).max(1_400),
  rawId: base64url,
  type: z.literal("public-key"),
  response: z.object({
    clientDataJSON: base64url,
    authenticatorData: base64url,
    signature: base64url,
    userHandle: base64url.optional(),
  }),
  clientExtensionResults: z.looseObject({}),
}).transform((value) => value as unknown as AuthenticationResponseJSON);
const attestation = z.object({
  id: z.string().min(1).max(1_400),
  rawId: base64url,
  type: z.literal("public-key"),
  response: z.object({
    clientDataJSON: base64url,
    attestationObject: z.string().max(32_768),
    transports: z.array(z.string().max(32)).max(8).optional(),
  }),
  clientExtensionResults: z.looseObject({}),
}).transform((value) => value as unknown as RegistrationResponseJSON);

export const passwordStep = z.strictObject({ login: z.string().max(254), password });
export const codeStep = z.strictObject({ transaction, code });
export const passkeyStep = z.strictObject({ transaction, response: assertion });
export const linkStep = z.strictObject({ link: z.string().max(64) });
export const transactionStep = z.strictObject({ transaction });
export const newPasswordStep = z.strictObject({ transaction, password });
export const newPasskeyStep = z.strictObject({ transaction, name: passkeyName, response: attestation });
export const stepUp = z.strictObject({ password, code });
export const newPassword = z.strictObject({ password });
export const passkeyParam = z.object({ passkeyId: z.guid() });

export function toFactorsBody(
  factors: FactorsRow & { readonly passkeys: readonly PasskeyRow[]; readonly recentUntil: Date | null },
) {
  return {
    login: factors.login,
    passwordSetAt: factors.password_set_at?.toISOString() ?? null,
    totpSetAt: factors.totp_set_at?.toISOString() ?? null,
    recoveryCodesLeft: factors.recovery_codes_left,
    passkeys: factors.passkeys.map(toPasskeyBody),
    recentUntil: factors.recentUntil?.toISOString() ?? null,
  };
}

export function toPasskeyBody(row: PasskeyRow) {
  return {
    id: row.id,
    name: row.name,
    isSynced: row.is_synced,
    createdAt: row.created_at.toISOString(),
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    isRefused: row.cloned_at !== null,
  };
}
