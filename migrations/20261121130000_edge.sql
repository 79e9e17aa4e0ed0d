-- Why: standard mail clients sign in at the edge and prove who they are to the platform, no longer to the mail server: with app
-- passwords, one per person, box and program, and with client certificates of a structure, each for the boxes of its software.
-- Locks: app.mailbox_members, app.mailbox_delegations and app.mailboxes for an instant (triggers); nothing is rewritten.

create table app.app_passwords (
  structure_id uuid not null,
  id uuid not null default gen_random_uuid(),
  mailbox_id uuid not null,
  -- Whose it is: what he may do in the box is asked at each use, and ends with his right.
  person_id uuid not null references app.people (id),
  -- The program or machine, in his own words.
  device text not null constraint app_passwords__device_length check (char_length(device) between 1 and 64),
  -- SHA-256 of 160 bits of chance: no salt is needed, and nothing slower.
  secret_hash bytea not null constraint app_passwords__secret_hash unique,
  may_imap boolean not null,
  may_submission boolean not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  -- To the minute.
  last_used_at timestamptz,
  revoked_at timestamptz,
  primary key (structure_id, id),
  constraint app_passwords__id unique (id),
  constraint app_passwords__mailbox foreign key (structure_id, mailbox_id) references app.mailboxes (structure_id, id),
  constraint app_passwords__something check (may_imap or may_submission),
  constraint app_passwords__dates check (expires_at > created_at)
);
create index app_passwords__mailbox_id on app.app_passwords (structure_id, mailbox_id);
create index app_passwords__person_id on app.app_passwords (person_id);
create trigger revoked before update on app.app_passwords for each row when (old.revoked_at is not null) execute function app.keep_revocation();

-- Certificates of software. Whoever registers one has its public part; it opens a box only of the structure that registered it.
create table app.client_certificates (
  structure_id uuid not null references app.structures (id),
  id uuid not null default gen_random_uuid(),
  label text not null constraint client_certificates__label_length check (char_length(label) between 1 and 100),
  -- As it is shown, and in the form in which names are compared (api/trust-space/dn.ts): the order of attributes, escapes and
  -- case differ between the programs that read them.
  subject text not null,
  issuer text not null,
  subject_key text not null,
  issuer_key text not null,
  -- Lower case hexadecimal, without zeros in front.
  serial text not null constraint client_certificates__serial_form check (serial ~ '^(0|[1-9a-f][0-9a-f]*)$'),
  sha256 bytea not null,
  not_after timestamptz not null,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  last_used_at timestamptz,
  withdrawn_at timestamptz,
  primary key (structure_id, id),
  constraint client_certificates__id unique (id)
);
-- Once per structure; another may register the same, and learns nothing by it.
create unique index client_certificates__sha256 on app.client_certificates (structure_id, sha256) where withdrawn_at is null;
create index client_certificates__serial on app.client_certificates (serial, issuer_key);
create function app.keep_withdrawal() returns trigger language plpgsql as $$ begin
  raise exception 'certificate % is withdrawn', old.id using errcode = 'check_violation';
end $$;
create trigger withdrawn before update on app.client_certificates for each row when (old.withdrawn_at is not null) execute function app.keep_withdrawal();

create table app.client_certificate_mailboxes (
  structure_id uuid not null,
  certificate_id uuid not null,
  mailbox_id uuid not null,
  primary key (structure_id, certificate_id, mailbox_id),
  constraint client_certificate_mailboxes__certificate foreign key (structure_id, certificate_id) references app.client_certificates (structure_id, id),
  constraint client_certificate_mailboxes__mailbox foreign key (structure_id, mailbox_id) references app.mailboxes (structure_id, id)
);
create index client_certificate_mailboxes__mailbox_id on app.client_certificate_mailboxes (structure_id, mailbox_id);

do $$ declare t text; begin
  foreach t in array array['app_passwords', 'client_certificates', 'client_certificate_mailboxes'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy system on app.%I to mss_api, mss_worker using ((select app.scope()) in (''system'', ''operator'')) with check ((select app.scope()) in (''system'', ''operator''))', t);
    execute format('create policy structure on app.%I to mss_api, mss_worker using ((select app.scope()) = ''structure'' and structure_id = (select app.structure_id())) with check ((select app.scope()) = ''structure'' and structure_id = (select app.structure_id()))', t);
  end loop;
end $$;
create policy person on app.app_passwords for select to mss_api, mss_worker using ((select app.scope()) = 'person' and person_id = (select app.person_id()));
grant select, insert, update on app.app_passwords, app.client_certificates to mss_api, mss_worker;
grant select, insert, delete on app.client_certificate_mailboxes to mss_api, mss_worker;
-- The erasure of a person.
grant delete on app.app_passwords to mss_worker;

-- What a person loses does not come back with a right that is given to him again: his app passwords of that box end for good.
create function app.revoke_app_passwords(structure uuid, mailbox uuid, person uuid) returns void language plpgsql as $$
declare
  before text := app.scope();
begin
  perform set_config('app.scope', 'system', true);
  update app.app_passwords p set revoked_at = greatest(now(), p.created_at)
   where p.structure_id = structure and p.mailbox_id = mailbox and p.revoked_at is null and (person is null or p.person_id = person);
  perform set_config('app.scope', before, true);
end $$;
create function app.end_app_passwords_of_member() returns trigger language plpgsql as $$ begin
  perform app.revoke_app_passwords(old.structure_id, old.mailbox_id, old.person_id);
  return null;
end $$;
create trigger app_passwords after delete on app.mailbox_members for each row execute function app.end_app_passwords_of_member();
create trigger app_passwords after update on app.mailbox_delegations for each row
  when (old.revoked_at is null and new.revoked_at is not null) execute function app.end_app_passwords_of_member();
create function app.end_app_passwords_of_mailbox() returns trigger language plpgsql as $$ begin
  perform app.revoke_app_passwords(old.structure_id, old.id, null);
  return null;
end $$;
-- Another holder, or none to come back to.
create trigger app_passwords after update on app.mailboxes for each row
  when (old.holder_id_nat_ps is distinct from new.holder_id_nat_ps or (old.status <> 'closed' and new.status = 'closed'))
  execute function app.end_app_passwords_of_mailbox();
