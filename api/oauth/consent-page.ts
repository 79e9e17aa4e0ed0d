/** The pages of this server: what a program asks for and the two answers, or that it cannot ask. Without a script, and so without the web. */
import type { PersonActor } from "../context.ts";
import { html } from "../http/html.ts";
import { type AuthorisationRequest, toQuery } from "./authorise.ts";

const texts = {
  fr: {
    title: "Autoriser un programme",
    asks: "demande à ouvrir vos boîtes aux lettres MSSanté, à votre nom.",
    can:
      "Il pourra lire, écrire et envoyer comme vous, au plus jusqu'à la fin de votre session Pro Santé Connect.",
    end: "Vous pourrez lui retirer ce droit à tout moment dans vos paramètres.",
    signedIn: "Vous êtes connecté comme",
    yes: "Autoriser",
    no: "Refuser",
    refusedTitle: "Demande refusée",
    refused:
      "Le programme qui vous a envoyé ici n'est pas enregistré sur cette plateforme, ou sa demande n'est pas valable. Rien ne lui a été donné.",
    refusedThen:
      "Revenez à votre programme ; si cela se répète, prévenez son éditeur ou votre administrateur.",
  },
  en: {
    title: "Authorise a program",
    asks: "asks to open your MSSanté mailboxes in your name.",
    can:
      "It will be able to read, write and send as you do, at most until the end of your Pro Santé Connect session.",
    end: "You can take this right away at any time in your settings.",
    signedIn: "You are signed in as",
    yes: "Authorise",
    no: "Refuse",
    refusedTitle: "Request refused",
    refused:
      "The program that sent you here is not registered on this platform, or its request is not valid. Nothing was given to it.",
    refusedThen: "Go back to your program; if it happens again, tell its editor or your administrator.",
  },
} as const;

type Language = keyof typeof texts;

const languageOf = (acceptLanguage: string | undefined): Language =>
  /^\s*en\b/i.test(acceptLanguage ?? "") ? "en" : "fr";

export function consentPage(
  request: AuthorisationRequest,
  person: PersonActor,
  acceptLanguage: string | undefined,
) {
  const language = languageOf(acceptLanguage);
  const text = texts[language];
  return page(
    language,
    text.title,
    html`
      <p><strong>${request.client.name}</strong> ${text.asks}</p>
      <p>${text.can} ${text.end}</p>
      <p>${text.signedIn} <strong>${person.displayName}</strong>.</p>
      <form method="post" action="/oauth/authorize">
        <input type="hidden" name="person" value="${person.personId}">
        ${[...toQuery(request)].map(([name, value]) =>
          html`<input type="hidden" name="${name}" value="${value}">`
        )}
        <button class="yes" name="decision" value="yes">${text.yes}</button>
        <button name="decision" value="no">${text.no}</button>
      </form>
    `,
  );
}

/** For the person alone: a program that is not known is told nothing. */
export function refusedPage(acceptLanguage: string | undefined) {
  const language = languageOf(acceptLanguage);
  const text = texts[language];
  return page(
    language,
    text.refusedTitle,
    html`
      <p>${text.refused}</p>
      <p>${text.refusedThen}</p>
    `,
  );
}

function page(language: Language, title: string, body: ReturnType<typeof html>) {
  return html`
    <!DOCTYPE html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <meta name="robots" content="noindex">
        <title>${title}</title>
        <style>
    :root { color-scheme: light dark; }
    body { font: 1rem/1.5 system-ui, sans-serif; margin: 0; display: grid; min-height: 100vh; place-items: center; }
    main { max-width: 32rem; padding: 1.5rem; overflow-wrap: anywhere; }
    form { display: flex; flex-wrap: wrap; gap: 1rem; margin-top: 1.5rem; }
    button { font: inherit; padding: .6rem 1.4rem; min-height: 2.75rem; border-radius: .4rem; border: 1px solid currentColor; background: none; color: inherit; cursor: pointer; }
    button.yes { background: #0b5394; border-color: #0b5394; color: #fff; }
    button:focus-visible { outline: 3px solid #f2a900; outline-offset: 2px; }
    </style>
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html>
  `;
}
