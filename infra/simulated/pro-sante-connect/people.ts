/**
 * Who may present a card to the simulated Pro Santé Connect, and what its userinfo says of him: the keys, the spelling
 * and the empty strings of the real answers (public payloads of the integration platform, 2021-2023).
 */
import { z } from "zod";

const site = z.strictObject({
  name: z.string().min(1),
  /** codeModeExercice: L (libéral) or S (salarié). */
  mode: z.enum(["L", "S"]),
  sector: z.string().min(1),
  technicalId: z.string().min(1),
  siret: z.string().default(""),
  finess: z.string().default(""),
});

const profession = z.strictObject({
  code: z.string().min(1),
  civility: z.string().default(""),
  specialityType: z.string().default(""),
  speciality: z.string().default(""),
  sites: z.array(site),
});

/** A person of the simulator's file (`SIM_PEOPLE_FILE`). */
export const personShape = z.strictObject({
  /** Name of the button on the sign-in page, and of `login_hint`. */
  key: z.string().regex(/^[a-z0-9-]+$/),
  /** PS_IdNat: 8 + RPPS, 0 + ADELI, or an identity of the register EDIT (`ANS…`). */
  idNat: z.string().min(1),
  registry: z.enum(["RPPS", "ADELI", "EDIT"]),
  civility: z.string().default("M"),
  givenName: z.string(),
  familyName: z.string(),
  label: z.string().default(""),
  authMode: z.enum(["CARD", "MOBILE"]).default("CARD"),
  acr: z.string().default("eidas1"),
  /** Six keys only and no sectoral claim: what some identities really answer. */
  minimal: z.boolean().default(false),
  professions: z.array(profession).default([]),
});

export type Person = z.infer<typeof personShape>;

/** Identifier of the user federation in `sub`, the one seen in every public payload of the integration platform. */
const federation = "550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd";

/** `sub` = `f:<federation>:<idNat>`. */
export function subjectOf(person: Person): string {
  return `f:${federation}:${person.idNat}`;
}

/** Reads and checks the people of the simulator; two of the same key or idNat are refused. */
export function parsePeople(json: unknown): Person[] {
  const people = z.array(personShape).min(1).parse(json);
  for (const field of ["key", "idNat"] as const) {
    const values = people.map((person) => person[field]);
    if (new Set(values).size !== values.length) throw new Error(`two people share the same ${field}`);
  }
  return people;
}

function otherIds(person: Person): unknown[] {
  return [{ identifiant: person.idNat, origine: person.registry, qualite: 1 }];
}

/** The claims of userinfo. Codes are strings and what is unknown is `""`, never null, as the real service has it. */
export function userinfoOf(person: Person): Record<string, unknown> {
  const identity = {
    sub: subjectOf(person),
    preferred_username: person.idNat,
    given_name: person.givenName,
    family_name: person.familyName,
    codeCivilite: person.civility,
    SubjectNameID: person.idNat,
  };
  if (person.minimal) return identity;
  const first = person.professions[0]?.sites[0];
  return {
    Secteur_Activite: first ? `${first.sector}^1.2.250.1.71.4.2.4` : "",
    ...identity,
    email_verified: false,
    SubjectOrganization: first?.name ?? "",
    Mode_Acces_Raison: "",
    Acces_Regulation_Medicale: "FAUX",
    UITVersion: "1.0",
    authMode: person.authMode,
    Palier_Authentification: "APPPRIP3^1.2.250.1.213.1.5.1.1.1",
    codeGenreActivite: "GENR01",
    SubjectRefPro: {
      codeCivilite: person.civility,
      exercices: person.professions.map((one) => practice(person, one)),
    },
    SubjectOrganizationID: first?.technicalId ?? "",
    SubjectRole: person.professions.map((one) => `${one.code}^1.2.250.1.213.1.1.5.5`),
    PSI_Locale: "1.2.250.1.213.1.3.1.1",
    otherIds: otherIds(person),
  };
}

/** Claims of the access token that say who it is (the token's own claims are added in tokens.ts). */
export function accessTokenIdentity(person: Person): Record<string, unknown> {
  return { authMode: person.authMode, otherIds: otherIds(person), preferred_username: person.idNat };
}

function practice(person: Person, one: Person["professions"][number]): Record<string, unknown> {
  return {
    codeProfession: one.code,
    codeCategorieProfessionnelle: "C",
    codeCiviliteDexercice: one.civility,
    nomDexercice: person.familyName,
    prenomDexercice: person.givenName,
    codeTypeSavoirFaire: one.specialityType,
    codeSavoirFaire: one.speciality,
    activities: one.sites.map((place) => ({
      codeModeExercice: place.mode,
      codeSecteurDactivite: place.sector,
      codeSectionPharmacien: "",
      codeRole: "",
      codeGenreActivite: "GENR01",
      numeroSiretSite: place.siret,
      numeroSirenSite: "",
      numeroFinessSite: place.finess,
      numeroFinessetablissementJuridique: "",
      identifiantTechniqueDeLaStructure: place.technicalId,
      raisonSocialeSite: place.name,
      enseigneCommercialeSite: "",
      complementDestinataire: "",
      complementPointGeographique: "",
      numeroVoie: "1",
      indiceRepetitionVoie: "",
      codeTypeDeVoie: "R",
      libelleVoie: "NOIR",
      mentionDistribution: "",
      bureauCedex: "75009 PARIS",
      codePostal: "75009",
      codeCommune: "",
      codePays: "99000",
      telephone: "",
      telephone2: "",
      telecopie: "",
      adresseEMail: "",
      codeDepartement: "",
      ancienIdentifiantDeLaStructure: "",
      autoriteDenregistrement: "CNOM/CNOM/CNOM",
    })),
  };
}
