/** Names of fields that may stand in the trail. What is not named is left out: a new secret cannot slip in by itself. */
const permitted = new Set([
  "id",
  "structureId",
  "domainId",
  "mailboxId",
  "personId",
  "name",
  "idNatStruct",
  "idNatPs",
  "holderIdNatPs",
  "address",
  "type",
  "displayName",
  "description",
  "service",
  "responsible",
  "quotaBytes",
  "status",
  "suspensionReason",
  "role",
  "version",
  "hasClientSecret",
  "hasAccount",
  // Sessions: how somebody signed in and why a session ended, never its token.
  "acr",
  "endReason",
  "reason",
  // White lists.
  "generatedAt",
  "domainCount",
  "entryCount",
  "signer",
  "sha256",
]);

/** The permitted fields of `value` as JSON text, or null when there is nothing to keep. */
export function snapshot(value: object | null | undefined): string | null {
  if (value === null || value === undefined) return null;
  const kept = Object.entries(value).filter(([name, one]) => permitted.has(name) && one !== undefined);
  return kept.length === 0 ? null : JSON.stringify(Object.fromEntries(kept));
}
