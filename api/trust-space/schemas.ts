import { z } from "@hono/zod-openapi";
import { type RefusalReason, refusalReasons } from "./refusal.ts";

/** As many as a message may reasonably have; compose asks for those it does not know yet. */
export const maximumRecipients = 500;

export const recipientsRequest = z.strictObject({
  addresses: z.array(z.string().max(1000)).min(1).max(maximumRecipients).openapi({
    description: "Addresses as typed, without display names. One that is no address is answered `invalid`.",
    example: ["anne.allard@alpha.mssante.test"],
  }),
}).openapi("RecipientsToCheck");

export const recipientsBody = z.object({
  results: z.array(z.object({
    address: z.string().openapi({ description: "As it was asked." }),
    status: z.enum(["hosted", "listed", "no-such-mailbox", "not-in-trust-space", "invalid"]).openapi({
      description: "`hosted`: a mailbox of this platform. `listed`: a domain of the white list. " +
        "`no-such-mailbox`: a domain of this platform, no mailbox that receives. " +
        "`not-in-trust-space`: a domain outside the white list.",
    }),
  })),
}).openapi("CheckedRecipients");

const reasons = Object.keys(refusalReasons) as [RefusalReason, ...RefusalReason[]];

export const trustSpaceBody = z.object({
  list: z.object({
    generatedAt: z.iso.datetime().openapi({ description: "DateDeGeneration, as its publisher wrote it." }),
    importedAt: z.iso.datetime(),
    domainCount: z.int(),
    entryCount: z.int().openapi({
      description: "Entries of the file: a domain has one for each certificate.",
    }),
    signer: z.string().openapi({ description: "Subject of the certificate that signed the list." }),
  }).nullable().openapi({ description: "The list in force; null when none was ever taken." }),
  lastRefusal: z.object({ at: z.iso.datetime(), reason: z.enum(reasons) }).nullable().openapi({
    description: "The last list, or attempt to get one, that was refused. The list in force stayed.",
  }),
}).openapi("TrustSpace");
