/** The rights of a delegation, in words. */
import { m } from "#lib/i18n/generated/messages.js";
import type { Schemas } from "../client/client.ts";

export type Right = Schemas["Delegation"]["rights"][number];

const names: Readonly<Record<Right, () => string>> = {
  read: m.admin_right_read,
  write: m.admin_right_write,
  "send-as": m.admin_right_send_as,
  "send-on-behalf": m.admin_right_send_on_behalf,
  manage: m.admin_right_manage,
};
export const rights = Object.keys(names) as readonly Right[];
export const rightName = (right: Right) => names[right]();

/** What a right brings with it, as the API does. */
export function withBrought(chosen: ReadonlySet<Right>): ReadonlySet<Right> {
  const all = new Set(chosen);
  if (all.has("send-as") || all.has("send-on-behalf")) all.add("write");
  if (all.has("write")) all.add("read");
  return all;
}
