/**
 * Reads what Pro Santé Connect says of a person. Tolerant where the real payloads vary (everything sectoral may be
 * absent, unknown values are `""`), strict on who it is: two claims that contradict each other are refused.
 */
import { z } from "zod";
import { hasForgedRpps, rppsOf } from "./rpps.ts";

/** One place where a person practises. Several are normal, and the application lets the person choose (PSC does not). */
export interface Situation {
  /** TRE_G15: 10 médecin, 21 pharmacien, 60 infirmier… Null when not said; likewise below. */
  readonly professionCode: string | null;
  /** TRE_R09: C civil, M militaire, E étudiant. */
  readonly categoryCode: string | null;
  readonly specialityType: string | null;
  readonly specialityCode: string | null;
  /** codeModeExercice: L libéral, S salarié. */
  readonly practiceMode: string | null;
  readonly sectorCode: string | null;
  readonly structureTechnicalId: string | null;
  readonly structureName: string | null;
  readonly siret: string | null;
  readonly finess: string | null;
}

export interface ProviderIdentity {
  /** `sub`: with the issuer, the key of the account. */
  readonly subject: string;
  /** idNat_PS (`SubjectNameID` = `preferred_username`), null when the provider gives none. */
  readonly idNatPs: string | null;
  /** 11 digits, null for who is not in the RPPS. */
  readonly rpps: string | null;
  readonly givenName: string;
  readonly familyName: string;
  readonly situations: readonly Situation[];
}

export type ParsedUserinfo =
  | { readonly ok: true; readonly identity: ProviderIdentity }
  | { readonly ok: false; readonly reason: "userinfo-malformed" | "userinfo-contradiction" | "rpps-forged" };

export interface ParseOptions {
  /** Off only where test identities carry numbers without a right key. */
  readonly isRppsKeyChecked: boolean;
  /** `preferred_username` of the id_token, which must not say otherwise. */
  readonly idTokenUsername?: string | undefined;
}

/** A text claim: absent, null, `""` and any other type all mean "not said". */
const text = z.unknown().optional().transform((value) => {
  const trimmed = typeof value === "string" ? value.trim() : "";
  return trimmed === "" ? null : trimmed.slice(0, 255);
});

function list<T extends z.ZodType>(element: T) {
  return z.array(element).catch([]);
}

const activity = z.object({
  codeModeExercice: text,
  codeSecteurDactivite: text,
  identifiantTechniqueDeLaStructure: text,
  raisonSocialeSite: text,
  numeroSiretSite: text,
  numeroFinessSite: text,
});

const practice = z.object({
  codeProfession: text,
  codeCategorieProfessionnelle: text,
  codeTypeSavoirFaire: text,
  codeSavoirFaire: text,
  activities: list(activity),
});

const userinfo = z.object({
  sub: z.string().min(1).max(255),
  preferred_username: text,
  SubjectNameID: text,
  given_name: text,
  family_name: text,
  SubjectRefPro: z.object({ exercices: list(practice) }).catch({ exercices: [] }),
});

type Practice = z.output<typeof practice>;
type Activity = z.output<typeof activity>;

/** @param claims the body of userinfo, as received */
export function parseUserinfo(claims: unknown, options: ParseOptions): ParsedUserinfo {
  const parsed = userinfo.safeParse(claims);
  if (!parsed.success) return { ok: false, reason: "userinfo-malformed" };
  const { sub, preferred_username, SubjectNameID, given_name, family_name, SubjectRefPro } = parsed.data;
  const names = new Set(
    [preferred_username, SubjectNameID, options.idTokenUsername ?? null].filter((one) => one !== null),
  );
  if (names.size > 1) return { ok: false, reason: "userinfo-contradiction" };
  const [idNatPs = null] = names;
  if (idNatPs !== null && idNatPs.length > 64) return { ok: false, reason: "userinfo-malformed" };
  if (options.isRppsKeyChecked && hasForgedRpps(idNatPs)) return { ok: false, reason: "rpps-forged" };
  return {
    ok: true,
    identity: {
      subject: sub,
      idNatPs,
      rpps: rppsOf(idNatPs),
      givenName: given_name ?? "",
      familyName: family_name ?? "",
      situations: SubjectRefPro.exercices.flatMap((one) =>
        one.activities.length === 0
          ? [toSituation(one)]
          : one.activities.map((place) => toSituation(one, place))
      ),
    },
  };
}

function toSituation(one: Practice, place?: Activity): Situation {
  return {
    professionCode: one.codeProfession,
    categoryCode: one.codeCategorieProfessionnelle,
    specialityType: one.codeTypeSavoirFaire,
    specialityCode: one.codeSavoirFaire,
    practiceMode: place?.codeModeExercice ?? null,
    sectorCode: place?.codeSecteurDactivite ?? null,
    structureTechnicalId: place?.identifiantTechniqueDeLaStructure ?? null,
    structureName: place?.raisonSocialeSite ?? null,
    siret: place?.numeroSiretSite ?? null,
    finess: place?.numeroFinessSite ?? null,
  };
}
