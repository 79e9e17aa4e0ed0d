/**
 * Why a white list is not taken into force. The reasons are one closed list: the table of refusals, the log, the
 * operator's page and the tests speak the same words. Whatever the reason, the last good list stays in force.
 */

export const refusalReasons = {
  "server-unreachable": "The list's server does not answer.",
  "server-error": "The list's server answered with an error.",
  "list-too-large": "The file is larger than any list can be.",
  "list-truncated": "The file stops before its end.",
  "list-unreadable": "The file is not well-formed XML in UTF-8.",
  "forbidden-markup": "The file holds a DOCTYPE, an entity, a comment, CDATA or a processing instruction.",
  "signature-missing": "The file is not signed.",
  "several-signatures": "The file holds more than one Signature.",
  "signature-misplaced": "The Signature is not the last child of the root.",
  "signature-malformed": "The Signature does not have the one form that is accepted.",
  "algorithm-refused": "The Signature uses an algorithm that is not accepted.",
  "content-altered": "The content is not the one that was signed.",
  "signature-invalid": "The Signature was not made with the certificate's key.",
  "signer-unreadable": "The signer's certificate is missing or cannot be read.",
  "signer-unexpected": "The signer's name is not the one that is expected.",
  "signer-unchained": "The signer's certificate was not issued by a configured authority.",
  "signer-not-yet-valid": "The signer's certificate, or its authority's, is not valid yet.",
  "signer-expired": "The signer's certificate, or its authority's, has expired.",
  "signer-usage": "The signer's certificate was not made for signing.",
  "signer-revoked": "The signer's certificate, or its authority's, is revoked.",
  "revocation-unknown": "No valid revocation list says whether the signer's certificate is revoked.",
  "list-malformed": "The content does not have the form of a white list.",
  "list-empty": "The list names no domain.",
  "list-older": "The list is older than the one in force.",
  "list-in-future": "The list's date of generation has not come yet.",
} as const;

export type RefusalReason = keyof typeof refusalReasons;

/** `detail` is for the log and the tests: it says what exactly, and holds nothing that the list's author wrote. */
export interface Refusal {
  readonly ok: false;
  readonly reason: RefusalReason;
  readonly detail?: string;
}

export function refuse(reason: RefusalReason, detail?: string): Refusal {
  return detail === undefined ? { ok: false, reason } : { ok: false, reason, detail };
}
