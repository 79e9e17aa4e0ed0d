/**
 * The data map: every column of every table, by category of personal data or as none. A test holds it against the database,
 * so that a new column cannot come without somebody saying what it is, why it is there and for how long.
 *
 * Delays are settings of the operator (`MSS_RETENTION_*`): no text that we have seen fixes them (facts: life cycle and
 * retention are not established), the defaults are ours and the register says so.
 */

/** What happens when a person is erased. Delays in days from the plan's date. */
export type OnErasure =
  | { readonly act: "erase"; readonly afterDays: number | "trace" | "mail" }
  | { readonly act: "keep"; readonly untilDays: number | "trace" | null };

export interface Category {
  readonly title: string;
  readonly purpose: string;
  /** Legal basis, art. 6 RGPD. */
  readonly basis: string;
  readonly people: string;
  readonly recipients: string;
  readonly retention: string;
  readonly onErasure: OnErasure;
  /** Why it is erased then, or kept: shown in the plan. */
  readonly ground: string;
  /** `table.column`, or `table.*`. */
  readonly columns: readonly string[];
}

/** The categories by name. In French: the register is a French document. */
export const dataMap = {
  "identite": {
    title: "Identité des professionnels",
    purpose: "Reconnaître la personne qui se connecte et lui ouvrir ses boîtes",
    basis:
      "Exécution du contrat (art. 6.1.b) ; identifiant national imposé par l'espace de confiance MSSanté",
    people: "Professionnels et personnels des structures",
    recipients: "Administrateurs de la structure, exploitant",
    retention: "Durée du rattachement à une structure, puis la durée de conservation des traces",
    onErasure: { act: "erase", afterDays: "trace" },
    ground:
      "Le nom reste lisible dans la trace aussi longtemps que la trace est conservée (art. 17.3.e RGPD)",
    columns: [
      "people.*",
      "structure_people.*",
    ],
  },
  "roles": {
    title: "Rôles, invitations et départs",
    purpose: "Savoir qui peut faire quoi",
    basis: "Intérêt légitime : sécurité du service (art. 6.1.f, art. 32)",
    people: "Professionnels, personnels des structures et de l'exploitant",
    recipients: "Administrateurs de la structure, exploitant",
    retention: "Durée du rôle",
    onErasure: { act: "erase", afterDays: 0 },
    ground: "Sans objet dès que la personne n'agit plus",
    columns: ["memberships.*", "operator_roles.*", "invitations.*", "departures.*"],
  },
  "delegations": {
    title: "Membres de boîtes et délégations",
    purpose: "Ouvrir une boîte à une autre personne que son titulaire, et en garder la preuve",
    basis: "Exécution du contrat (art. 6.1.b)",
    people: "Membres et délégataires",
    recipients: "Titulaire de la boîte, administrateurs de la structure",
    retention: "Durée de la délégation",
    onErasure: { act: "erase", afterDays: 0 },
    ground: "La preuve des délégations passées reste dans la trace",
    columns: ["mailbox_members.*", "mailbox_delegations.*"],
  },
  "courrier": {
    title: "Boîtes personnelles et leur courrier",
    purpose: "Acheminer et garder le courrier ; contenu de santé couvert par le secret professionnel",
    basis: "Exécution du contrat (art. 6.1.b) ; données de santé : art. 9.2.h",
    people: "Titulaires, correspondants, patients",
    recipients: "Titulaire et délégataires ; jamais l'exploitant",
    retention: "Vie de la boîte, puis le délai de conservation après fermeture",
    onErasure: { act: "erase", afterDays: "mail" },
    ground:
      "Le titulaire garde le temps d'exporter ; le dossier du patient, lui, se conserve hors de la messagerie",
    columns: [
      "mailboxes.*",
      "submissions.*",
    ],
  },
  "adresses": {
    title: "Adresses déjà attribuées",
    purpose:
      "Ne jamais donner à un autre l'adresse d'un professionnel : le courrier d'un patient irait à un inconnu",
    basis: "Obligation de sécurité (art. 32)",
    people: "Titulaires passés et présents",
    recipients: "Exploitant",
    retention: "Sans limite",
    onErasure: { act: "keep", untilDays: null },
    ground:
      "Une adresse réattribuée ferait lire à un inconnu le courrier destiné au précédent (art. 17.3.c et 32)",
    columns: ["addresses.*"],
  },
  "sessions": {
    title: "Connexions en cours et passées",
    purpose: "Tenir la session, la fermer, alerter",
    basis: "Intérêt légitime : sécurité (art. 6.1.f)",
    people: "Toute personne qui se connecte",
    recipients: "Exploitant",
    retention: "Fin de la session ; mot de passe d'application : six mois après sa fin (réglage)",
    onErasure: { act: "erase", afterDays: 0 },
    ground: "Sans objet dès la fermeture",
    columns: [
      "sessions.*",
      "sign_in_attempts.*",
      "known_places.*",
      "logouts.*",
      "decoupled_sign_ins.*",
      "idempotency_keys.*",
      "app_passwords.*",
      "expiry_reminders.*",
    ],
  },
  "autorisations": {
    title: "Droits donnés à des programmes et à des logiciels",
    purpose: "Ouvrir les boîtes d'une personne à un programme qu'elle a autorisé, et le lui retirer",
    basis: "Exécution du contrat (art. 6.1.b) ; sécurité (art. 32)",
    people: "Toute personne qui autorise un programme",
    recipients: "Exploitant ; la personne voit les siens ; jamais les jetons, gardés hachés",
    retention:
      "7 jours après la fin du droit (MSS_OAUTH_KEPT_DAYS), quatre heures au plus après avoir été donné",
    onErasure: { act: "erase", afterDays: 0 },
    ground: "Sans objet dès que le droit a pris fin",
    columns: ["oauth_grants.*", "oauth_codes.*", "oauth_refresh_tokens.*", "oauth_access_tokens.*"],
  },
  "comptes-exploitant": {
    title: "Comptes du personnel de l'exploitant",
    purpose: "Faire entrer le personnel de l'exploitant sans Pro Santé Connect, par deux facteurs",
    basis: "Intérêt légitime : sécurité du service (art. 6.1.f, art. 32)",
    people: "Personnel de l'exploitant",
    recipients: "Administrateurs de l'exploitant ; jamais les secrets, gardés hachés ou chiffrés",
    retention: "Durée du compte",
    onErasure: { act: "erase", afterDays: 0 },
    ground: "Sans objet dès que la personne n'agit plus",
    columns: [
      "staff_accounts.*",
      "staff_enrolments.*",
      "staff_passkeys.*",
      "staff_recovery_codes.*",
      "staff_ceremonies.*",
    ],
  },
  "trace": {
    title: "Trace des actes",
    purpose: "Prouver qui a fait quoi ; détecter un abus",
    basis: "Obligation de sécurité et de preuve (art. 5.2 et 32)",
    people: "Toute personne qui agit",
    recipients: "Administrateurs de la structure, auditeurs, titulaire pour sa boîte",
    retention: "Durée de conservation des traces",
    onErasure: { act: "keep", untilDays: "trace" },
    ground:
      "Constatation, exercice ou défense de droits en justice (art. 17.3.e) ; la chaîne ne se réécrit pas",
    columns: ["audit_events.*", "audit_links.*", "audit_heads.*", "sign_in_attacks.*"],
  },
  "preuves": {
    title: "Charte acceptée et consentements",
    purpose: "Prouver l'acceptation et le consentement",
    basis: "Responsabilité (art. 5.2 et 7.1)",
    people: "Utilisateurs",
    recipients: "Exploitant",
    retention: "Durée de conservation des traces",
    onErasure: { act: "erase", afterDays: "trace" },
    ground: "La preuve sert aussi longtemps que la trace",
    columns: ["charter_acceptances.*", "consents.*"],
  },
  "demandes": {
    title: "Demandes d'accès et d'effacement",
    purpose: "Répondre aux droits des personnes et prouver la réponse",
    basis: "Obligation légale (art. 6.1.c, art. 12)",
    people: "Demandeurs",
    recipients: "Exploitant",
    retention: "Archive : quelques jours ; demande : durée de conservation des traces",
    onErasure: { act: "keep", untilDays: "trace" },
    ground: "Preuve de la réponse donnée (art. 12.3)",
    columns: ["exports.*", "erasures.*", "erasure_steps.*"],
  },
  "gestion-en-nombre": {
    title: "Imports et campagnes d'inactivité",
    purpose: "Créer et modifier des boîtes en nombre, prévenir avant de fermer une boîte inactive",
    basis: "Exécution du contrat (art. 6.1.b)",
    people: "Titulaires des boîtes",
    recipients: "Administrateurs de la structure",
    retention: "Imports : 180 jours ; campagnes : durée de conservation des traces",
    onErasure: { act: "keep", untilDays: "trace" },
    ground: "Preuve de ce qui a été demandé et annulé",
    columns: ["batches.*", "batch_lines.*", "inactivity_campaigns.*", "inactivity_cases.*"],
  },
} as const satisfies Record<string, Category>;

/** Tables that hold nothing about a person. */
export const notPersonal: readonly string[] = [
  "structures.*",
  "domains.*",
  "inactivity_settings.*",
  "mail_services.*",
  "white_lists.*",
  "white_list_entries.*",
  "white_list_refusals.*",
  "logout_tokens.*",
  "oauth_clients.*",
  "charters.*",
  "service_accounts.*",
  "service_account_keys.*",
  // Of software; their names are an organisation's.
  "client_certificates.*",
  "client_certificate_mailboxes.*",
  "webhooks.*",
  // Ids and the name of the act: never what was changed.
  "webhook_deliveries.*",
];

export type CategoryName = keyof typeof dataMap;
