/**
 * The notice of a sign-in from a place where its person was never seen, as it lies in his own boxes: French, as every notice of
 * the platform to a professional in France. It names no subject of health and carries no link.
 */
import type { Context } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import type { Notice } from "../mail-server/mod.ts";
import { findNewPlace, type NewPlaceRow } from "./own-session-queries.ts";

export interface NewPlaceJob {
  readonly sessionId: string;
}

/** @param put throws `MailServerUnavailable`, `MailServerRefused`. A person without a box of his own sees it in his sessions. */
export async function tellOfNewPlace(
  ctx: Context,
  { sessionId }: NewPlaceJob,
  from: string,
  put: (notice: Notice) => Promise<void>,
): Promise<void> {
  const place = await inSystem(ctx, (tx) => findNewPlace(tx, sessionId));
  if (!place) return;
  for (const address of place.addresses) await put({ address, from, subject, text: textOf(place) });
}

const subject = "Nouvelle connexion à votre messagerie MSSanté";

function textOf({ created_at, browser, network }: NewPlaceRow): string {
  const at = new Intl.DateTimeFormat("fr-FR", {
    dateStyle: "long",
    timeStyle: "short",
    timeZone: "Europe/Paris",
  }).format(created_at);
  return [
    "Bonjour,",
    "",
    `Une connexion à votre compte a eu lieu le ${at} depuis un endroit où vous ne vous étiez pas encore connecté :`,
    `- navigateur : ${browser ?? "inconnu"} ;`,
    `- réseau : ${network ?? "inconnu"}.`,
    "",
    "Si c'était vous, vous n'avez rien à faire.",
    "Sinon, ouvrez la messagerie, puis Paramètres, « Mes sessions », fermez cette session et prévenez votre administrateur.",
  ].join("\n");
}
