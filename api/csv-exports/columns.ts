/** What each list exports. Column names are French, as in the interface; those of boxes are the ones that an import reads. */
import type { LineRow } from "../bulk/mod.ts";
import type { MailboxRow } from "../mailboxes/mod.ts";
import type { PersonRow } from "../people/mod.ts";
import type { DomainRow, MembershipRow, StructureRow } from "../tenancy/mod.ts";
import { type Columns, toDate, toYesNo } from "./pages.ts";

const bytesPerMegabyte = 1_048_576;

/** A spreadsheet shows eleven digits as they are and twelve as 8,1E+11: RPPS alone where it is one. */
function toRpps(idNatPs: string | null): string {
  return idNatPs === null ? "" : idNatPs.replace(/^8(?=\d{11}$)/, "");
}

export const mailboxColumns: Columns<MailboxRow> = [
  ["adresse", (box) => box.address],
  ["type", (box) => box.type],
  ["titulaire_rpps", (box) => toRpps(box.holder_id_nat_ps)],
  ["libelle", (box) => box.display_name],
  ["description", (box) => box.description],
  ["service", (box) => box.service],
  ["responsable", (box) => box.responsible],
  ["telephone", (box) => box.phone],
  // Whole megabytes only: an import of the same file must not change anything.
  ["quota_mo", (box) => box.quota_bytes % bytesPerMegabyte === 0 ? box.quota_bytes / bytesPerMegabyte : ""],
  ["liste_rouge", (box) => toYesNo(box.red_list)],
  ["alias", (box) => box.aliases.join(" ")],
  ["statut", (box) => box.status],
  ["derniere_connexion", (box) => toDate(box.last_authenticated_at)],
  ["cree_le", (box) => toDate(box.created_at)],
  ["ferme_le", (box) => toDate(box.closed_at)],
];

export const personColumns: Columns<PersonRow> = [
  ["nom", (person) => person.family_name],
  ["prenom", (person) => person.given_name],
  ["rpps", (person) => toRpps(person.id_nat_ps)],
  ["statut", (person) => person.status],
  ["roles", (person) => person.roles.map((one) => one.role).join(" ")],
  ["boites", (person) => person.mailboxes.map((one) => one.address).join(" ")],
  ["derniere_connexion", (person) => toDate(person.last_signed_in_at)],
];

export const membershipColumns: Columns<MembershipRow> = [
  ["nom", (member) => member.family_name],
  ["prenom", (member) => member.given_name],
  ["rpps", (member) => toRpps(member.id_nat_ps)],
  ["role", (member) => member.role],
  ["depuis", (member) => toDate(member.created_at)],
];

export const domainColumns: Columns<DomainRow> = [
  ["domaine", (domain) => domain.name],
  ["statut", (domain) => domain.status],
  ["cree_le", (domain) => toDate(domain.created_at)],
  ["ferme_le", (domain) => toDate(domain.closed_at)],
];

export const structureColumns: Columns<StructureRow> = [
  ["id_nat_struct", (structure) => structure.id_nat_struct],
  ["nom", (structure) => structure.name],
  ["statut", (structure) => structure.status],
  ["boites", (structure) => structure.used_mailboxes],
  ["quota_boites", (structure) => structure.quota_mailboxes],
  ["octets_promis", (structure) => structure.used_bytes],
  ["quota_octets", (structure) => structure.quota_bytes],
  ["contact", (structure) => structure.contact_name],
  ["contact_adresse", (structure) => structure.contact_email],
  ["contact_telephone", (structure) => structure.contact_phone],
  ["cree_le", (structure) => toDate(structure.created_at)],
  ["ferme_le", (structure) => toDate(structure.closed_at)],
];

/** The cells as they were sent, so that bad lines can be corrected in the file and sent again, with what was found. */
export const lineColumns: Columns<LineRow> = [
  ["operation", ({ fields }) => fields.operation ?? ""],
  ["adresse", ({ fields }) => fields.adresse ?? ""],
  ["type", ({ fields }) => fields.type ?? ""],
  ["titulaire_rpps", ({ fields }) => fields.titulaire_rpps ?? ""],
  ["nom", ({ fields }) => fields.nom ?? ""],
  ["prenom", ({ fields }) => fields.prenom ?? ""],
  ["libelle", ({ fields }) => fields.libelle ?? ""],
  ["description", ({ fields }) => fields.description ?? ""],
  ["service", ({ fields }) => fields.service ?? ""],
  ["responsable", ({ fields }) => fields.responsable ?? ""],
  ["telephone", ({ fields }) => fields.telephone ?? ""],
  ["quota_mo", ({ fields }) => fields.quota_mo ?? ""],
  ["liste_rouge", ({ fields }) => fields.liste_rouge ?? ""],
  ["alias", ({ fields }) => fields.alias ?? ""],
  ["ligne", (line) => line.line],
  ["etat", (line) => line.state],
  ["resultat", (line) => line.outcome ?? ""],
  ["erreurs", (line) => line.errors.map((one) => `${one.column}: ${one.code}`).join(" ")],
];
