/**
 * The notice as it lies in the box. French, since it is a legal notice to a professional in France; the interface beside it
 * says the same in the reader's language (GET /inactivity-notices).
 */
export interface NoticeDates {
  readonly lastActiveAt: Date;
  readonly objectUntil: Date;
  readonly depublishAt: Date;
  readonly closeAt: Date;
}

export const noticeSubject = "Votre boîte aux lettres MSSanté est inactive";

export function noticeText(address: string, dates: NoticeDates): string {
  return [
    "Bonjour,",
    "",
    `Personne n'a ouvert la boîte aux lettres ${address} depuis le ${day(dates.lastActiveAt)}.`,
    "",
    `Sans action de votre part d'ici au ${day(dates.objectUntil)} :`,
    `- le ${day(dates.depublishAt)}, elle ne figurera plus dans l'annuaire ;`,
    `- le ${day(dates.closeAt)}, elle sera fermée.`,
    "",
    "Pour la garder, connectez-vous à la messagerie et choisissez « Je garde ma boîte ». Vous connecter suffit aussi.",
    "",
    "La messagerie n'est pas un espace de stockage : reportez dans le dossier du patient ce qui doit être conservé.",
  ].join("\n");
}

function day(date: Date): string {
  return new Intl.DateTimeFormat("fr-FR", { dateStyle: "long", timeZone: "Europe/Paris" }).format(date);
}
