-- Why: nobody was told before an app password or a certificate of software ended. A reminder is a row before it is a mail: for one
-- thing, one delay and one box there is one, whoever plans it and however often. And app passwords end for good when their structure
-- allows them no more: what was forgotten meanwhile must not open boxes again on the day when they are allowed anew.
-- Locks: app.structures for an instant (a trigger); the table is new.

create table app.expiry_reminders (
  structure_id uuid not null,
  id uuid not null default gen_random_uuid(),
  -- What ends: one of the two.
  app_password_id uuid,
  client_certificate_id uuid,
  -- How many days before the end it is due.
  days integer not null constraint expiry_reminders__days_range check (days between 1 and 366),
  -- The box that it is put into: the app password's own, or one of the structure's administrators.
  mailbox_id uuid not null,
  created_at timestamptz not null default now(),
  -- Set before the mail is put: whoever finds it set without an outcome looks for the mail first.
  attempted_at timestamptz,
  -- Done: put, or of no use any more (revoked or withdrawn meanwhile), or refused by the mail server.
  done_at timestamptz,
  outcome text constraint expiry_reminders__outcome_form check (outcome in ('sent', 'dropped', 'refused')),
  primary key (structure_id, id),
  constraint expiry_reminders__id unique (id),
  constraint expiry_reminders__app_password foreign key (structure_id, app_password_id) references app.app_passwords (structure_id, id) on delete cascade,
  constraint expiry_reminders__client_certificate foreign key (structure_id, client_certificate_id) references app.client_certificates (structure_id, id),
  constraint expiry_reminders__mailbox foreign key (structure_id, mailbox_id) references app.mailboxes (structure_id, id),
  constraint expiry_reminders__one check (num_nonnulls(app_password_id, client_certificate_id) = 1),
  constraint expiry_reminders__done check ((done_at is null) = (outcome is null))
);
create unique index expiry_reminders__app_password_once on app.expiry_reminders (structure_id, app_password_id, days) where app_password_id is not null;
create unique index expiry_reminders__client_certificate_once on app.expiry_reminders (structure_id, client_certificate_id, days, mailbox_id) where client_certificate_id is not null;
create index expiry_reminders__waiting on app.expiry_reminders (created_at) where done_at is null;
create index expiry_reminders__mailbox_id on app.expiry_reminders (structure_id, mailbox_id);
create index app_passwords__expires_at on app.app_passwords (expires_at) where revoked_at is null;

alter table app.expiry_reminders enable row level security;
alter table app.expiry_reminders force row level security;
create policy system on app.expiry_reminders to mss_api, mss_worker
  using ((select case when current_setting('app.scope', true) in ('system', 'operator') then true end) is not null)
  with check ((select case when current_setting('app.scope', true) in ('system', 'operator') then true end) is not null);
create policy structure on app.expiry_reminders to mss_api, mss_worker
  using (structure_id = (select case when current_setting('app.scope', true) = 'structure' then nullif(current_setting('app.structure_id', true), '')::uuid end))
  with check (structure_id = (select case when current_setting('app.scope', true) = 'structure' then nullif(current_setting('app.structure_id', true), '')::uuid end));
grant select on app.expiry_reminders to mss_api, mss_worker;
grant insert, update on app.expiry_reminders to mss_worker;

-- A null mailbox: all of the structure; a null person: everybody's.
create or replace function app.revoke_app_passwords(structure uuid, mailbox uuid, person uuid) returns void language plpgsql as $$
declare
  before text := app.scope();
begin
  perform set_config('app.scope', 'system', true);
  update app.app_passwords p set revoked_at = greatest(now(), p.created_at)
   where p.structure_id = structure and p.revoked_at is null and (mailbox is null or p.mailbox_id = mailbox) and (person is null or p.person_id = person);
  perform set_config('app.scope', before, true);
end $$;
create function app.end_app_passwords_of_structure() returns trigger language plpgsql as $$ begin
  perform app.revoke_app_passwords(new.id, null, null);
  return null;
end $$;
create trigger app_passwords after update on app.structures for each row
  when (old.app_passwords_allowed and not new.app_passwords_allowed) execute function app.end_app_passwords_of_structure();
