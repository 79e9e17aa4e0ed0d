/**
 * Inactivity: boxes that nobody opens any more. A campaign puts a notice into each box that is due; its holder, or a member,
 * may object ("je garde ma boîte") or simply open it. Else the box leaves the directory, then is closed, its mail kept as
 * for every closing. Software's boxes (APP) are no part of this.
 *
 * A box in a campaign: pending → noticed → objected | returned | depublished → objected | returned | closing; `dropped` when
 * the campaign is cancelled or the box ends otherwise. Its dates count from the delivery of the notice (delays.ts), and a
 * daily job lets happen what is due. A structure has one running campaign at most.
 */
export { advanceInactivity } from "./advance.ts";
export type { Delays } from "./delays.ts";
export { type NoticeJob, sendNotice } from "./send-notice.ts";
