/** What clients see of a session. */
import { z } from "../http/openapi.ts";

const said = z.string().nullable();

export const situationBody = z.object({
  key: z.string().openapi({ description: "Stays the same as long as the provider says the same" }),
  professionCode: said.openapi({ description: "TRE_G15" }),
  categoryCode: said,
  specialityType: said,
  specialityCode: said,
  practiceMode: said.openapi({ description: "L libéral, S salarié" }),
  sectorCode: said,
  structureTechnicalId: said,
  structureName: said,
  siret: said,
  finess: said,
}).openapi("Situation");

const situations = {
  situations: z.array(situationBody).openapi({
    description: "Situations of exercise, as Pro Santé Connect said them at the last sign-in",
  }),
  situationKey: z.string().nullable().openapi({
    description: "The one in which the person works. Null with several: none is chosen yet",
  }),
};

export const chosenSituationBody = z.strictObject({ situationKey: z.string().min(1).max(64) })
  .openapi("ChosenSituation");
export const chosenSituationsBody = z.object(situations).openapi("ChosenSituations");

export const sessionBody = z.object({
  person: z.object({
    id: z.uuid(),
    givenName: z.string(),
    familyName: z.string(),
    displayName: z.string(),
    rpps: z.string().length(11).nullable().openapi({ description: "Null for who is not in the RPPS" }),
  }),
  roles: z.array(z.object({
    role: z.enum([
      "operator_administrator",
      "operator_support",
      "auditor",
      "structure_administrator",
      "domain_administrator",
      "mailbox_manager",
      "user",
    ]),
    structureId: z.uuid().nullable().openapi({
      description: "Null for a role that holds in every structure",
    }),
    structureName: z.string().nullable(),
  })),
  mailboxes: z.array(z.object({
    id: z.uuid(),
    address: z.string(),
    displayName: z.string(),
    type: z.enum(["PER", "ORG", "APP", "CAB"]),
    structureName: z.string(),
    accountId: z.string().nullable().openapi({
      description: "Account of the JMAP session, where already known",
    }),
  })).openapi({ description: "The boxes this person opens, his own first" }),
  ...situations,
  expiresAt: z.iso.datetime(),
  idleExpiresAt: z.iso.datetime().openapi({ description: "End of the session if nothing more is done" }),
  mailServer: z.enum(["ready", "unavailable"]),
}).openapi("Session");

export type SessionBody = z.infer<typeof sessionBody>;

export const signedOutBody = z.object({
  endSessionUrl: z.url().nullable().openapi({
    description:
      "Where the browser goes next, to end the session at Pro Santé Connect too; null when there was none",
  }),
}).openapi("SignedOut");
