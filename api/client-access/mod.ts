/**
 * What standard mail clients and software sign in with, kept by the platform and never by the mail server.
 *
 * An app password is one person's, for one box and one program: made by himself, shown once, for IMAP, submission or both, and
 * for a time. It gives what he may do in the box at each moment and no more; structures allow app passwords or do not.
 * live → revoked (by himself, by who runs the structure, with his right, or with his structure's switch), or expired; never back.
 * Forgotten half a year after its end (sweepAppPasswords).
 *
 * A client certificate is a structure's, for the boxes of its software (APP): registered by its public part, known by
 * subject, issuer, serial and digest. in force → withdrawn, or expired; never back.
 *
 * Before either ends a mail says so, once for each delay (reminders.ts).
 *
 * Who signs in with them is decided in api/edge.
 */
export {
  type AppPasswordScope,
  createAppPassword,
  type NewAppPassword,
  revokeAppPassword,
} from "./app-passwords.ts";
export { hashAppPassword, newAppPassword } from "./app-password.ts";
export {
  giveUpReminder,
  planReminders,
  type ReminderJob,
  reminderJobKey,
  type ReminderPost,
  sendReminder,
} from "./reminders.ts";
export { structureAppPasswordQuery } from "./schemas.ts";
export { exportStructureAppPasswords, sweepAppPasswords } from "./structure-app-passwords.ts";
export type { StructureAppPasswordRow } from "./queries.ts";
export { type NewClientCertificate, registerClientCertificate } from "./client-certificates.ts";
export { certificateKeys, type CertificateNames } from "./certificate-name.ts";
export { type ReadCertificate, readCertificate } from "./read-certificate.ts";
