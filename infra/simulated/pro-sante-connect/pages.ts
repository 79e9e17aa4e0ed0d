/** The pages a person sees at the simulated Pro Santé Connect. No script is needed to sign in. */
import type { Person } from "./people.ts";

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; background: #f3f5fa; color: #14213d; }
main { max-width: 40rem; margin: 3rem auto; padding: 2rem; background: #fff; border-radius: .75rem; box-shadow: 0 1px 4px #0002; }
h1 { font-size: 1.5rem; margin-top: 0; }
.notice { padding: .75rem 1rem; border-left: 4px solid #b45309; background: #fff7ed; }
ul { list-style: none; padding: 0; display: grid; gap: .5rem; }
button { width: 100%; text-align: left; padding: .75rem 1rem; font: inherit; border: 1px solid #8a94ad; border-radius: .5rem; background: #fff; cursor: pointer; }
button:hover, button:focus-visible { border-color: #1d4ed8; outline: 2px solid #1d4ed8; }
button span { display: block; color: #475069; font-size: .9rem; }
</style>
</head>
<body><main>${body}</main></body>
</html>`;
}

/** One button per person: to press it stands for presenting the card and typing its code. */
export function signInPage(people: readonly Person[]): string {
  const buttons = people.map((person) =>
    `<li><button name="person" value="${escape(person.key)}">${
      escape(`${person.givenName} ${person.familyName}`)
    }` +
    `<span>${escape(person.label)} · ${person.authMode === "CARD" ? "carte CPS" : "e-CPS"} · ${
      escape(person.idNat)
    }</span></button></li>`
  ).join("\n");
  return page(
    "Pro Santé Connect (simulé)",
    `<h1>S'identifier avec Pro Santé Connect</h1>
<p class="notice">Service simulé, pour le développement et les tests : aucune carte n'est lue. Choisissez qui se présente.</p>
<form method="post"><ul>${buttons}</ul></form>
<form method="post"><button name="refuse" value="yes">Annuler la connexion</button></form>`,
  );
}

/** What the people's phones show now. */
export function phonePage(
  ringing: readonly { id: string; person: Person; bindingMessage: string }[],
): string {
  const requests = ringing.map(({ id, person, bindingMessage }) =>
    `<li><p>${escape(`${person.givenName} ${person.familyName}`)} · demande <strong>${
      escape(bindingMessage)
    }</strong></p>
<form method="post"><input type="hidden" name="id" value="${escape(id)}">
<button name="answer" value="confirm">Confirmer ${escape(bindingMessage)}</button>
<button name="answer" value="refuse">Refuser</button></form></li>`
  ).join("\n");
  return page(
    "Téléphone (simulé)",
    `<h1>Téléphone e-CPS</h1>
<p class="notice">Service simulé : aucune carte, aucun téléphone. Ce que le vôtre montrerait.</p>
${requests === "" ? "<p>Aucune demande en cours.</p>" : `<ul>${requests}</ul>`}`,
  );
}

/** The library's own form, sent at once: with `id_token_hint` the real service asks nothing. */
export function signOutPage(form: string, asks: boolean): string {
  const send = asks ? "" : `<script>document.getElementById("op.logoutForm").submit()</script>`;
  const complete = form.replace(
    "</form>",
    `<input type="hidden" name="logout" value="yes"/><button>Se déconnecter</button></form>`,
  );
  return page(
    "Déconnexion de Pro Santé Connect (simulé)",
    `<h1>Se déconnecter de Pro Santé Connect</h1>${complete}${send}`,
  );
}

export function signedOutPage(): string {
  return page(
    "Pro Santé Connect (simulé)",
    "<h1>Vous êtes déconnecté</h1><p>Vous pouvez fermer cette page.</p>",
  );
}

export function errorPage(error: string, description: string): string {
  return page(
    "Erreur de Pro Santé Connect (simulé)",
    `<h1>La demande est refusée</h1><p><code>${escape(error)}</code></p><p>${escape(description)}</p>`,
  );
}
