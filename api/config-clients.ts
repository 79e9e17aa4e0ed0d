/** Where standard mail clients reach the platform, as they are told. Part of api/config.ts, which alone reads the environment. */
import { z } from "zod";
import type { ClientAccess } from "./autoconfiguration/mod.ts";
import { host } from "./config-shapes.ts";

const port = z.coerce.number().int().min(0).max(65_535);

export const clientVariables = {
  MSS_EDGE_PUBLIC_HOST: host.optional().describe(
    "Host name that mail clients are told for IMAP and submission; without it that of MSS_BASE_URL",
  ),
  MSS_EDGE_PUBLIC_IMAP_PORT: port.default(143).describe(
    "IMAP with STARTTLS, as clients reach it; 0: not offered",
  ),
  MSS_EDGE_PUBLIC_IMAPS_PORT: port.default(993).describe("IMAP with TLS from the start; 0: not offered"),
  MSS_EDGE_PUBLIC_SUBMISSION_PORT: port.default(587).describe(
    "Submission with STARTTLS, as clients reach it; 0: not offered",
  ),
  MSS_EDGE_PUBLIC_SUBMISSIONS_PORT: port.default(465).describe(
    "Submission with TLS from the start; 0: not offered",
  ),
};

const shape = z.object(clientVariables).extend({ MSS_BASE_URL: z.string() });

/** @param faults receives what is missing beside what is there */
export function clientConfig(values: z.infer<typeof shape>, faults: string[]): ClientAccess {
  const access = {
    host: values.MSS_EDGE_PUBLIC_HOST ?? new URL(values.MSS_BASE_URL).hostname,
    imap: values.MSS_EDGE_PUBLIC_IMAP_PORT,
    imaps: values.MSS_EDGE_PUBLIC_IMAPS_PORT,
    submission: values.MSS_EDGE_PUBLIC_SUBMISSION_PORT,
    submissions: values.MSS_EDGE_PUBLIC_SUBMISSIONS_PORT,
  };
  if (access.imap === 0 && access.imaps === 0) {
    faults.push("MSS_EDGE_PUBLIC_IMAP_PORT: IMAP has no port at all");
  }
  if (access.submission === 0 && access.submissions === 0) {
    faults.push("MSS_EDGE_PUBLIC_SUBMISSION_PORT: submission has no port at all");
  }
  return access;
}
