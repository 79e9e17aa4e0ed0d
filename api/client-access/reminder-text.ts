/** The reminder as it lies in a box: French, as every notice of the platform to a professional in France, and without a link. Pure. */
import type { ReminderRow } from "./reminder-queries.ts";

type Said = Pick<
  ReminderRow,
  "app_password_id" | "address" | "name" | "person_name" | "structure_name" | "ends_at"
>;

export function reminderOf(row: Said, now: Date): { readonly subject: string; readonly text: string } {
  const end = new Intl.DateTimeFormat("fr-FR", {
    dateStyle: "long",
    timeStyle: "short",
    timeZone: "Europe/Paris",
  })
    .format(row.ends_at);
  const left = daysLeft(row.ends_at, now);
  const lines = row.app_password_id === null
    ? [
      `Le certificat « ${row.name} » de ${row.structure_name} expire le ${end} (${left}).`,
      "",
      "À cette date, le logiciel qui s'en sert n'ouvrira plus ses boîtes aux lettres.",
      "",
      "Pour l'éviter, enregistrez son successeur avant cette date : console d'administration, « Certificats ».",
    ]
    : [
      `Le mot de passe d'application « ${row.name} » de ${row.person_name} pour la boîte ${row.address} expire le ${end} (${left}).`,
      "",
      "À cette date, le logiciel ou l'appareil qui s'en sert ne pourra plus relever ni envoyer de messages.",
      "",
      "Pour l'éviter, créez-en un autre et saisissez-le dans l'appareil : Paramètres, « Mes appareils ».",
      "Si vous ne vous servez plus de cet appareil, vous n'avez rien à faire.",
    ];
  return {
    subject: row.app_password_id === null
      ? `Un certificat expire ${left}`
      : `Un mot de passe d'application expire ${left}`,
    text: ["Bonjour,", "", ...lines].join("\n"),
  };
}

/** Days of the calendar in Paris, as a person counts them. */
function daysLeft(end: Date, now: Date): string {
  const dayOf = (date: Date) =>
    Date.parse(new Intl.DateTimeFormat("en-CA", { timeZone: "Europe/Paris" }).format(date)) / 86_400_000;
  const days = dayOf(end) - dayOf(now);
  return days <= 0 ? "aujourd'hui" : days === 1 ? "demain" : `dans ${days} jours`;
}
