/** The words for a situation of exercise. Codes of the profession: TRE_G15. */
import type { PersonSession } from "#lib/api/session.ts";
import { m } from "#lib/i18n/generated/messages.js";

export type Situation = PersonSession["situations"][number];

const professions: Readonly<Record<string, () => string>> = {
  "10": m.profession_10,
  "21": m.profession_21,
  "26": m.profession_26,
  "28": m.profession_28,
  "40": m.profession_40,
  "50": m.profession_50,
  "60": m.profession_60,
  "70": m.profession_70,
  "80": m.profession_80,
  "86": m.profession_86,
  "91": m.profession_91,
  "92": m.profession_92,
  "93": m.profession_93,
  "94": m.profession_94,
  "95": m.profession_95,
  "96": m.profession_96,
  "98": m.profession_98,
};

const modes: Readonly<Record<string, () => string>> = { L: m.situation_liberal, S: m.situation_employed };

export function placeOf(situation: Situation): string {
  return situation.structureName ?? m.situation_unnamed();
}

/** « Médecin · libéral · FINESS 750000001 »: what tells two situations in places of the same name apart. */
export function detailsOf({ professionCode, practiceMode, finess, siret }: Situation): string {
  const profession = professionCode === null
    ? m.situation_profession_unsaid()
    : professions[professionCode]?.() ?? m.situation_profession_other({ code: professionCode });
  const mode = modes[practiceMode ?? ""]?.();
  const number = finess === null ? (siret === null ? undefined : `SIRET ${siret}`) : `FINESS ${finess}`;
  return [profession, mode, number].filter((part) => part !== undefined).join(" · ");
}

/** Throws when it was not taken. */
export async function chooseSituation(send: typeof fetch, situationKey: string): Promise<void> {
  const response = await send("/api/v1/session/situation", {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ situationKey }),
  });
  if (!response.ok) throw new Error(`not taken: ${response.status}`);
}
