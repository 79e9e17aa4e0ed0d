/** The structure that a screen is about: read once, shown in the switcher, read again after an act. */
import { untrack } from "svelte";
import { bodyOf, type Schemas } from "../client/client.ts";
import { Resource } from "../client/resource.svelte.ts";
import { useAdmin } from "../shell/admin.svelte.ts";

export type Structure = Schemas["Structure"];

export function useStructure(structureId: string): Resource<Structure> {
  const admin = useAdmin();
  const structure = new Resource<Structure>(async (signal) => {
    const params = { path: { structureId } };
    const read = await bodyOf(admin.api.GET("/api/v1/structures/{structureId}", { params, signal }));
    admin.enter(read);
    return read;
  });
  untrack(() => void structure.refresh());
  return structure;
}
