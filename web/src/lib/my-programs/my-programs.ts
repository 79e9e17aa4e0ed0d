/** The programs and software that act in a person's name (OAuth 2), for himself. In the chunk of my-access, whose calls it makes. */
import type { components } from "#lib/api/generated/api.ts";
import { ask, read } from "#lib/my-access/my-access.ts";

type Schemas = components["schemas"];
export type OwnProgram = Schemas["OwnProgram"];

/** The newest first. Throws ApiProblem. */
export async function fetchPrograms(send: typeof fetch): Promise<readonly OwnProgram[]> {
  return (await read<Schemas["OwnProgramList"]>(send, "/api/v1/programs")).items;
}

/** Ends all that it holds, at once. Throws ApiProblem. */
export async function endProgram(send: typeof fetch, id: string): Promise<void> {
  await ask(send, `/api/v1/programs/${id}`, { method: "DELETE" });
}
