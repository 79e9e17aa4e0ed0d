/** The one page of this server: what a program asks for, and the two answers. Without a script, and so without the web. */
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
  },
} as const;

export function consentPage(
  request: AuthorisationRequest,
  person: PersonActor,
  acceptLanguage: string | undefined,
) {
  const language = /^\s*en\b/i.test(acceptLanguage ?? "") ? "en" : "fr";
  const text = texts[language];
  return html`
    <!DOCTYPE html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <meta name="robots" content="noindex">
        <title>${text.title}</title>
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
          <h1>${text.title}</h1>
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
        </main>
      </body>
    </html>
  `;
}
