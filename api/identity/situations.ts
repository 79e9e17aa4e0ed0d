/**
 * Situations of exercise: where and as what a person practises. Pro Santé Connect lists them and leaves the choice to the
 * application. Who has several chooses once; the choice holds for his next sessions as long as the provider still lists it.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { Situation } from "./parse-userinfo.ts";

/** More than anybody has: what a provider gone wrong might send does not fill our rows. */
const maximumSituations = 50;

const said = z.string().max(255).nullable();

export const situationShape = z.object({
  key: z.string().min(1).max(64),
  professionCode: said,
  categoryCode: said,
  specialityType: said,
  specialityCode: said,
  practiceMode: said,
  sectorCode: said,
  structureTechnicalId: said,
  structureName: said,
  siret: said,
  finess: said,
});
export type KeyedSituation = z.infer<typeof situationShape>;

/** The list with a key each, made of what identifies a situation and not of the names, which are corrected now and then. */
export function keyed(situations: readonly Situation[]): KeyedSituation[] {
  const byKey = new Map<string, KeyedSituation>();
  for (const one of situations.slice(0, maximumSituations)) {
    const place = one.structureTechnicalId ?? one.finess ?? one.siret ?? one.structureName;
    const parts = [
      one.professionCode,
      one.categoryCode,
      one.specialityCode,
      one.practiceMode,
      one.sectorCode,
      place,
    ];
    const key = createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, 22);
    if (!byKey.has(key)) byKey.set(key, { key, ...one });
  }
  return [...byKey.values()];
}

/**
 * The situation in which a session begins: the only one, or the one chosen before if it is still there. Null = the person
 * is asked; what is ambiguous is never taken silently.
 */
export function situationAtStart(
  situations: readonly { readonly key: string }[],
  chosenBefore: string | null,
): string | null {
  if (situations.length === 1) return situations[0]?.key ?? null;
  return situations.some((one) => one.key === chosenBefore) ? chosenBefore : null;
}

/** What the table holds, whatever an older version wrote there. */
export function readSituations(stored: unknown): KeyedSituation[] {
  return z.array(situationShape).catch([]).parse(stored);
}
