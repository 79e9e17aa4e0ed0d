import type { Introspected } from "../identity/mod.ts";

/** Why somebody was not let in: for the trail and the log. Outside all are one. */
export type EdgeRefusal =
  // What was asked.
  | "request-malformed"
  | "mechanism-unknown"
  | "secret-missing"
  | "box-not-named"
  // The box.
  | "box-unknown"
  | "box-suspended"
  | "box-closed"
  | "box-moving"
  | "domain-suspended"
  | "structure-suspended"
  // The proof; for tokens the reasons of the introspection beside.
  | Extract<Introspected, { active: false }>["reason"]
  | "authentication-too-old"
  | "logged-out"
  | "secret-wrong"
  | "app-password-other-box"
  | "app-password-revoked"
  | "app-password-expired"
  | "app-password-scope"
  | "app-passwords-not-allowed"
  | "ticket-unknown"
  | "ticket-other-box"
  | "certificate-not-verified"
  | "certificate-unreadable"
  | "certificate-unknown"
  | "certificate-subject"
  | "certificate-digest"
  | "certificate-withdrawn"
  | "certificate-expired"
  | "certificate-other-box"
  // The person and his right.
  | "person-unknown"
  | "person-suspended"
  | "not-entitled"
  | "read-only"
  | "may-not-send"
  | "too-many-connections"
  // At a message's sender.
  | "proof-malformed"
  | "sender-not-ours"
  | "sender-other-box";
