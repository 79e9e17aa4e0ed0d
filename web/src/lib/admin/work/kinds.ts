/** How far each kind of long work has come. A new kind is a new line here. */
import type { Api } from "../client/client.ts";
import { readBatchProgress } from "../import/follow.ts";
import { readExportProgress } from "../mailboxes/export-progress.ts";
import type { Progress } from "./progress.ts";

export const workKinds: Readonly<Record<string, (api: Api, id: string) => Promise<Progress>>> = {
  batch: readBatchProgress,
  export: readExportProgress,
};
