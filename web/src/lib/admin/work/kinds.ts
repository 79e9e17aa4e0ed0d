/** How far each kind of long work has come. A new kind is a new line here. */
import type { Api } from "../client/client.ts";
import { readBatchProgress } from "../import/follow.ts";
import { readExportProgress } from "../mailboxes/export-act.ts";

export interface Progress {
  readonly done: number;
  /** Undefined while it is not known how much there is. */
  readonly total: number | undefined;
  /** Where it stands, in words. */
  readonly text: string;
  readonly isOver: boolean;
  readonly hasFailed: boolean;
}

export const workKinds: Readonly<Record<string, (api: Api, id: string) => Promise<Progress>>> = {
  batch: readBatchProgress,
  export: readExportProgress,
};
