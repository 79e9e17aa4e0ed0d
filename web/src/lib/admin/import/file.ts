/** The file of an import, before it leaves: what can be said of it without reading it. */
import { m } from "#lib/i18n/generated/messages.js";

const limitBytes = 10 * 1024 * 1024;

/** Why the file cannot be sent; undefined when it can. */
export function fileFault(file: { readonly name: string; readonly size: number; readonly type: string }) {
  const isText = /\.(csv|txt)$/i.test(file.name) || file.type === "text/csv" || file.type === "text/plain";
  if (!isText) return m.import_not_csv();
  return file.size > limitBytes ? m.import_too_large() : undefined;
}

const lines = [
  "operation;adresse;type;titulaire_rpps;nom;prenom;libelle;description;service;responsable;quota_mo;liste_rouge;alias",
  "créer;prenom.nom@exemple.mssante.fr;PER;10000000000;NOM;Prénom;Dr Prénom NOM;;;;1024;non;",
  "créer;secretariat@exemple.mssante.fr;ORG;;;;Secrétariat;;Cardiologie;Prénom NOM;2048;non;accueil@exemple.mssante.fr",
  "modifier;laboratoire@exemple.mssante.fr;;;;;Laboratoire;;;;;oui;",
  "fermer;ancien@exemple.mssante.fr;;;;;;;;;;;",
];

/** A model of the file, with the mark by which Excel knows UTF-8. */
export const templateHref = `data:text/csv;charset=utf-8,${
  encodeURIComponent(`\ufeff${lines.join("\r\n")}\r\n`)
}`;
