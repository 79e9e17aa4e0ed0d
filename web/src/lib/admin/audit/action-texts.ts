/** What each act of the trail is called. The names are the API's (`entity.verb`); one that is new is shown by its name. */
import { m } from "#lib/i18n/generated/messages.js";

export const actionTexts: Readonly<Record<string, () => string>> = {
  "structure.create": m.act_structure_create,
  "structure.change": m.act_structure_change,
  "structure.suspend": m.act_structure_suspend,
  "structure.resume": m.act_structure_resume,
  "structure.close": m.act_structure_close,
  "domain.create": m.act_domain_create,
  "domain.suspend": m.act_domain_suspend,
  "domain.resume": m.act_domain_resume,
  "domain.close": m.act_domain_close,
  "mailbox.create": m.act_mailbox_create,
  "mailbox.change": m.act_mailbox_change,
  "mailbox.suspend": m.act_mailbox_suspend,
  "mailbox.resume": m.act_mailbox_resume,
  "mailbox.close": m.act_mailbox_close,
  "mailbox.reopen": m.act_mailbox_reopen,
  "mailbox.purge": m.act_mailbox_purge,
  "mailbox.move": m.act_mailbox_move,
  "mailbox.open": m.act_mailbox_open,
  "mailbox.provision": m.act_mailbox_provision,
  "mailbox.set-client-secret": m.act_mailbox_set_client_secret,
  "mailbox-member.add": m.act_mailbox_member_add,
  "mailbox-member.remove": m.act_mailbox_member_remove,
  "membership.grant": m.act_membership_grant,
  "membership.revoke": m.act_membership_revoke,
  "operator-role.grant": m.act_operator_role_grant,
  "operator-role.revoke": m.act_operator_role_revoke,
  "person.create": m.act_person_create,
  "person.update": m.act_person_update,
  "session.start": m.act_session_start,
  "session.refuse": m.act_session_refuse,
  "session.end": m.act_session_end,
  "white-list.import": m.act_white_list_import,
  "white-list.refuse": m.act_white_list_refuse,
};

/** What this act is called. */
export function actionText(action: string): string {
  return actionTexts[action]?.() ?? m.act_other({ action });
}

/** Every act that the trail can name, by its French or English name, for a filter. */
export function listActions(): readonly { readonly value: string; readonly label: string }[] {
  return Object.entries(actionTexts).map(([value, text]) => ({ value, label: text() }))
    .sort((one, other) => one.label.localeCompare(other.label));
}
