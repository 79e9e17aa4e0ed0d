/** `deno run -A mailserver/certificates/main.ts --directory D`: makes the test authority's files in D. */

import { parseArgs } from "node:util";
import { ensureCertificates } from "./directory.ts";

const { values } = parseArgs({
  options: { directory: { type: "string" }, "signer-name": { type: "string", default: "alb.mssante.fr" } },
});
if (values.directory === undefined) throw new Error("--directory is required");
const made = await ensureCertificates(values.directory, new Date(), values["signer-name"]);
console.log(JSON.stringify({ trustFile: made.trustFile, crlFile: made.crlFile }));
