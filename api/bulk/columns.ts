/**
 * The columns of an import. Their French names are the ones shown and written; English ones and the usual spellings are
 * accepted. An exported list of boxes can be changed and sent back: its columns that cannot be set are passed over.
 */
export const columns = [
  "operation",
  "adresse",
  "type",
  "titulaire_rpps",
  "nom",
  "prenom",
  "libelle",
  "description",
  "service",
  "responsable",
  "telephone",
  "quota_mo",
  "liste_rouge",
  "alias",
] as const;
export type Column = (typeof columns)[number];

/** Columns that an export holds and an import does not read. */
export const exportOnlyColumns = [
  "statut",
  "derniere_connexion",
  "cree_le",
  "ferme_le",
  "ligne",
  "etat",
  "resultat",
  "erreurs",
] as const;

/** The cells of a line: only columns that the file has. */
export type Cells = { readonly [K in Column]?: string | undefined };

const otherNames: Readonly<Record<string, Column>> = {
  action: "operation",
  address: "adresse",
  email: "adresse",
  mail: "adresse",
  bal: "adresse",
  rpps: "titulaire_rpps",
  titulaire: "titulaire_rpps",
  holder: "titulaire_rpps",
  holder_rpps: "titulaire_rpps",
  family_name: "nom",
  last_name: "nom",
  given_name: "prenom",
  first_name: "prenom",
  display_name: "libelle",
  label: "libelle",
  responsible: "responsable",
  phone: "telephone",
  tel: "telephone",
  quota: "quota_mo",
  quota_mb: "quota_mo",
  red_list: "liste_rouge",
  aliases: "alias",
};

/** The column that a header cell names; `ignored` for one of an export that cannot be set. */
export function parseColumn(text: string): Column | "ignored" | undefined {
  const name = fold(text).replaceAll(/[\s.-]+/g, "_");
  if ((columns as readonly string[]).includes(name)) return name as Column;
  if ((exportOnlyColumns as readonly string[]).includes(name)) return "ignored";
  return otherNames[name];
}

export type Operation = "create" | "change" | "close" | "suspend" | "resume";

const operations: Readonly<Record<string, Operation>> = {
  creer: "create",
  creation: "create",
  ajouter: "create",
  create: "create",
  modifier: "change",
  modification: "change",
  change: "change",
  update: "change",
  fermer: "close",
  fermeture: "close",
  close: "close",
  suspendre: "suspend",
  suspension: "suspend",
  suspend: "suspend",
  reprendre: "resume",
  reactiver: "resume",
  resume: "resume",
};

/** The act that a cell names; null when it names none: a box that is not there is created, one that is there changed. */
export function parseOperation(text: string): Operation | null | undefined {
  return text === "" ? null : operations[fold(text)];
}

const yes = new Set(["oui", "o", "yes", "y", "vrai", "true", "1", "x"]);
const no = new Set(["non", "n", "no", "faux", "false", "0"]);

export function parseYesNo(text: string): boolean | undefined {
  const word = fold(text);
  return yes.has(word) ? true : no.has(word) ? false : undefined;
}

/** Lower case without accents. */
function fold(text: string): string {
  return text.normalize("NFD").replaceAll(/\p{Mn}/gu, "").toLowerCase().trim();
}
