import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inOperator } from "../database/in-tenant.ts";
import { authorise } from "../identity/mod.ts";
import { insertStructure, type StructureRow } from "./queries.ts";
import { toStructureBody } from "./schemas.ts";

export interface NewStructure {
  readonly idNatStruct: string;
  readonly name: string;
}

/** Opens a structure. Throws `structure-identifier-taken`. */
export async function createStructure(ctx: Context, input: NewStructure): Promise<StructureRow> {
  authorise(ctx, "structure.create");
  return await inOperator(ctx, async (tx) => {
    const structure = await insertStructure(tx, { ...input, now: ctx.now() });
    await recordAudit(tx, ctx, {
      action: "structure.create",
      subject: { kind: "structure", id: structure.id },
      structureId: structure.id,
      after: toStructureBody(structure),
    });
    return structure;
  });
}
