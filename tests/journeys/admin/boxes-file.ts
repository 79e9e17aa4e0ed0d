/** The file of a structure that moves in: 200 boxes as a spreadsheet of Excel saves them, five lines of which are wrong. */
import { Buffer } from "node:buffer";

export const lineCount = 200;

export interface Mistake {
  /** Of the file, the header being line 1. */
  readonly line: number;
  readonly column: string;
  /** As the console names the column. */
  readonly label: string;
  readonly wrong: string;
  readonly right: string;
}

const columns = [
  "adresse",
  "type",
  "titulaire_rpps",
  "nom",
  "prenom",
  "libelle",
  "service",
  "responsable",
  "quota_mo",
  "liste_rouge",
] as const;
type Row = Record<(typeof columns)[number], string>;

const givenNames = ["Élise", "François", "Zoé", "Noël", "Maëlle", "Jérôme", "Inès", "Loïc", "Agnès", "Rémi"];
const familyNames = ["MARTIN", "LEFÈVRE", "BESANÇON", "NUÑEZ", "GARÇON", "ROUX", "FAURE", "CLÉMENT"];
const services = ["Pharmacie", "Hématologie", "Accueil de jour", "Kinésithérapie", "Secrétariat médical"];

/** The RPPS of the n-th person, with its check digit (Luhn). */
export function rppsOf(n: number): string {
  const digits = `1010${String(n).padStart(6, "0")}`;
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const weighted = Number(digit) * (place % 2 === 0 ? 2 : 1);
    return total + (weighted > 9 ? weighted - 9 : weighted);
  }, 0);
  return `${digits}${(10 - sum % 10) % 10}`;
}

/** What is wrong in the file, each in a way of its own. */
export function mistakesOf(domain: string): readonly Mistake[] {
  return [
    {
      line: 12,
      column: "adresse",
      label: "adresse",
      wrong: `jerome..clement@${domain}`,
      right: `jerome.clement@${domain}`,
    },
    {
      line: 47,
      column: "adresse",
      label: "adresse",
      wrong: "elise.roux@beta.mssante.test",
      right: `elise.roux@${domain}`,
    },
    {
      line: 90,
      column: "titulaire_rpps",
      label: "RPPS du titulaire",
      wrong: "10100000010",
      right: rppsOf(90),
    },
    { line: 150, column: "quota_mo", label: "quota (Mo)", wrong: "1 Go", right: "1024" },
    {
      line: 188,
      column: "adresse",
      label: "adresse",
      wrong: boxAt(160, domain),
      right: `unite.188@${domain}`,
    },
  ];
}

/** The address that a line of the file has when it is right. */
export function boxAt(line: number, domain: string): string {
  return rowAt(line, domain).adresse;
}

export function boxesFile(domain: string): { name: string; mimeType: string; buffer: Buffer } {
  const lines = [columns.join(";")];
  for (let line = 2; line < 2 + lineCount; line++) {
    const row = rowAt(line, domain);
    for (const mistake of mistakesOf(domain)) {
      if (mistake.line === line) row[mistake.column as keyof Row] = mistake.wrong;
    }
    lines.push(columns.map((column) => row[column]).join(";"));
  }
  // Windows-1252, which Latin-1 writes for these letters: what Excel saves in France.
  return {
    name: "boites-ehpad-les-tilleuls.csv",
    mimeType: "text/csv",
    buffer: Buffer.from(`${lines.join("\r\n")}\r\n`, "latin1"),
  };
}

function rowAt(line: number, domain: string): Row {
  const givenName = givenNames[line % givenNames.length] ?? "";
  const familyName = familyNames[line % familyNames.length] ?? "";
  const service = services[line % services.length] ?? "";
  const plain = { quota_mo: "512", liste_rouge: line % 10 === 0 ? "oui" : "non", service };
  if (line % 5 < 3) {
    return {
      ...plain,
      adresse: `${ascii(givenName)}.${ascii(familyName)}${line}@${domain}`,
      type: "PER",
      titulaire_rpps: rppsOf(line),
      nom: familyName,
      prenom: givenName,
      libelle: `Dr ${givenName} ${familyName}`,
      responsable: "",
    };
  }
  return {
    ...plain,
    adresse: `unite.${line}@${domain}`,
    type: "ORG",
    titulaire_rpps: "",
    nom: "",
    prenom: "",
    libelle: `${service}, unité ${line}`,
    responsable: "Hélène HENRY",
  };
}

function ascii(name: string): string {
  return name.normalize("NFD").replaceAll(/\p{Mn}/gu, "").toLowerCase();
}
