/** Ways to spoil an example that would succeed. */
import type { Attempt, Provoke, Request, Scene } from "./example.ts";
import { send } from "./scenes.ts";

export type Body = Record<string, unknown>;

/** The example with some of its body otherwise. */
export const withBody = (request: Request, changes: Body): Attempt => ({
  request: { ...request, body: { ...request.body as Body, ...changes } },
});
export const bodyOf = (request: Request): Body => (request.body ?? {}) as Body;
export const sql = async ({ harness }: Scene, text: string, ...values: unknown[]) =>
  await harness.database.rows(text, values);

/** The structure that a request writes in. */
export function targetOf({ world, operation }: Scene, request: Request): string {
  const inBody = operation.id === "moveMailbox" ? bodyOf(request)["structureId"] : undefined;
  return String(inBody ?? request.parameters["structureId"] ?? world.tenant.structureId);
}

/** After the example is made, its rows are changed by `text`, where $1 is what `subject` names. */
export const after =
  (subject: (scene: Scene, request: Request) => string, ...texts: readonly string[]): Provoke =>
  async (scene) => {
    const request = await scene.example();
    for (const text of texts) await sql(scene, text, subject(scene, request));
    return { request };
  };
export const named = (name: string) => (_scene: Scene, request: Request) => String(request.parameters[name]);
/** The example is sent a first time; the second finds it done. */
export const again: Provoke = async (scene) => {
  const request = await scene.example();
  await send(scene, { request });
  return { request };
};
