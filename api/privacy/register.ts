import { type Category, dataMap } from "./data-map.ts";

/** The register of processing (art. 30 RGPD) as Markdown in French: docs/registre-des-traitements.md, by `deno task register`. */
export function printRegister(): string {
  const parts = Object.entries(dataMap).map(([name, one]: [string, Category]) =>
    `## ${one.title}

| | |
|---|---|
| Finalité | ${one.purpose} |
| Base légale | ${one.basis} |
| Personnes | ${one.people} |
| Destinataires | ${one.recipients} |
| Conservation | ${one.retention} |
| Effacement d'une personne | ${erasure(one)} : ${one.ground} |
| Tables (\`${name}\`) | ${one.columns.map((column) => `\`${column}\``).join(", ")} |
`
  );
  return `# Registre des traitements

Produit par \`deno task register\` à partir de la carte des données du code (api/privacy/data-map.ts) : ne pas modifier ici.
Les délais sont des réglages de l'opérateur (\`MSS_TRACE_RETENTION_DAYS\`, \`MSS_CLOSED_MAIL_RETENTION_DAYS\`) : aucun texte que nous
ayons vu ne les fixe. Restent à compléter par l'opérateur, responsable du registre : son identité, son délégué à la protection
des données, ses sous-traitants et l'hébergeur certifié HDS.

${parts.join("\n")}`;
}

function erasure({ onErasure }: Category): string {
  if (onErasure.act === "keep") {
    return onErasure.untilDays === null ? "conservé" : "conservé jusqu'à la fin de la trace";
  }
  if (onErasure.afterDays === 0) return "effacé aussitôt";
  return onErasure.afterDays === "trace"
    ? "effacé avec la trace"
    : "effacé après le délai de conservation du courrier";
}
