/** Channels of Redis that carry what processes tell each other. Messages may be lost: whoever listens also looks by itself. */

/** Payload: id of a mailbox whose state or rights have changed. */
export const mailboxChangedChannel = "mss:mailbox-changed";
