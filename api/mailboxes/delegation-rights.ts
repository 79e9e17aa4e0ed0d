/**
 * What a delegation may hold. Each right brings what it cannot do without: a draft is written before it is sent, and a
 * folder read before it is written into.
 *
 * `read`: sees the mail. `write`: files, marks, deletes, drafts. `send-as`: sends as the box itself. `send-on-behalf`: sends
 * from the box with the delegate's own address in `Sender` (RFC 5322 §3.6.2). `manage`: gives and takes delegations.
 */
export const delegationRights = ["read", "write", "send-as", "send-on-behalf", "manage"] as const;
export type DelegationRight = (typeof delegationRights)[number];

/** The rights as the database has them. */
export interface RightColumns {
  readonly may_read: boolean;
  readonly may_write: boolean;
  readonly may_send_as: boolean;
  readonly may_send_on_behalf: boolean;
  readonly may_manage: boolean;
}

/** The columns of these rights, completed by what they bring. */
export function toRightColumns(rights: readonly DelegationRight[]): RightColumns {
  const may_send_as = rights.includes("send-as");
  const may_send_on_behalf = rights.includes("send-on-behalf");
  const may_write = rights.includes("write") || may_send_as || may_send_on_behalf;
  const may_read = rights.includes("read") || may_write;
  return { may_read, may_write, may_send_as, may_send_on_behalf, may_manage: rights.includes("manage") };
}

export function toRights(row: RightColumns): DelegationRight[] {
  const has: Record<DelegationRight, boolean> = {
    read: row.may_read,
    write: row.may_write,
    "send-as": row.may_send_as,
    "send-on-behalf": row.may_send_on_behalf,
    manage: row.may_manage,
  };
  return delegationRights.filter((right) => has[right]);
}

/** Whether who has `own` may give `wanted`: no more than he has, and never the right to manage. */
export function mayGive(own: RightColumns, wanted: RightColumns): boolean {
  return !wanted.may_manage && (!wanted.may_read || own.may_read) && (!wanted.may_write || own.may_write) &&
    (!wanted.may_send_as || own.may_send_as) &&
    (!wanted.may_send_on_behalf || own.may_send_on_behalf || own.may_send_as);
}

export type DelegationState = "upcoming" | "active" | "ended";

export function delegationState(
  { starts_at, ends_at }: { readonly starts_at: Date; readonly ends_at: Date | null },
  now: Date,
): DelegationState {
  if (ends_at !== null && ends_at <= now) return "ended";
  return starts_at > now ? "upcoming" : "active";
}
