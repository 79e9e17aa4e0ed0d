-- Why: the first tables of the platform: structures (tenants), their domains, people, memberships, mailboxes (BAL), sessions,
-- the white list, the audit trail and the ledger of sent messages; and the views by which the mail server reads who exists.
-- Locks: none that matter, the database is empty.
--
-- Row-level security is forced on every table. What a transaction may see is said by three settings, local to the transaction
-- (api/database/in-tenant.ts sets them): app.scope = structure | person | operator | system, app.structure_id, app.person_id.
-- A transaction that sets nothing sees nothing.

create schema app;
create schema mail_directory;
revoke all on schema app, mail_directory from public;
grant usage on schema app to mss_api, mss_worker;

create function app.scope() returns text stable language sql as $$ select coalesce(current_setting('app.scope', true), '') $$;
create function app.structure_id() returns uuid stable language sql as $$ select nullif(current_setting('app.structure_id', true), '')::uuid $$;
create function app.person_id() returns uuid stable language sql as $$ select nullif(current_setting('app.person_id', true), '')::uuid $$;

-- Tenants ------------------------------------------------------------------------------------------------------------------
create table app.structures (
  id uuid primary key default gen_random_uuid(),
  -- idNat_Struct: 1 + FINESS (9) or 3 + SIRET (14). FINESS is not purely numeric (Corsica, test data).
  id_nat_struct text not null constraint structures__id_nat_struct_form check (id_nat_struct ~ '^(1[0-9A-Z]{9}|3[0-9]{14})$'),
  name text not null constraint structures__name_length check (char_length(name) between 1 and 255),
  status text not null default 'active' constraint structures__status check (status in ('active', 'suspended', 'closed')),
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint structures__id_nat_struct unique (id_nat_struct)
);

create table app.domains (
  structure_id uuid not null references app.structures (id),
  id uuid not null default gen_random_uuid(),
  -- A-label, lower case: the form that is compared with the white list.
  name text not null constraint domains__name_form check (name = lower(name) and name ~ '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])$' and char_length(name) <= 253),
  status text not null default 'active' constraint domains__status check (status in ('active', 'suspended', 'closed')),
  -- Desired state against applied state at the mail server: the worker copies version to applied_version.
  version bigint not null default 1,
  applied_version bigint not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (structure_id, id),
  constraint domains__name unique (name)
);

-- People belong to no structure: one person may work in several. -------------------------------------------------------------
create table app.people (
  id uuid primary key default gen_random_uuid(),
  -- The account's key is (issuer, subject) of the identity provider; null until the person's first sign-in.
  issuer text,
  subject text,
  -- idNat_PS: 8 + RPPS, 0 + ADELI (legacy), or an identity of the register EDIT.
  id_nat_ps text constraint people__id_nat_ps_length check (char_length(id_nat_ps) between 1 and 64),
  family_name text not null default '',
  given_name text not null default '',
  status text not null default 'active' constraint people__status check (status in ('active', 'suspended')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  last_signed_in_at timestamptz,
  constraint people__issuer_subject unique (issuer, subject),
  constraint people__id_nat_ps unique (id_nat_ps),
  constraint people__account check ((issuer is null) = (subject is null))
);

create table app.operator_roles (
  person_id uuid not null references app.people (id),
  role text not null constraint operator_roles__role check (role in ('operator_administrator', 'operator_support', 'auditor')),
  created_at timestamptz not null default now(),
  primary key (person_id, role)
);

create table app.memberships (
  structure_id uuid not null references app.structures (id),
  person_id uuid not null references app.people (id),
  role text not null constraint memberships__role check (role in ('structure_administrator', 'domain_administrator', 'mailbox_manager', 'user')),
  created_at timestamptz not null default now(),
  primary key (structure_id, person_id, role)
);
create index memberships__person_id on app.memberships (person_id);

-- Mailboxes (BAL) ------------------------------------------------------------------------------------------------------------
create table app.mailboxes (
  structure_id uuid not null references app.structures (id),
  id uuid not null default gen_random_uuid(),
  domain_id uuid not null,
  address text not null constraint mailboxes__address_form check (address = lower(address) and char_length(address) <= 254),
  -- TRE_R257-TypeBAL
  type text not null constraint mailboxes__type check (type in ('PER', 'ORG', 'APP', 'CAB')),
  display_name text not null default '' constraint mailboxes__display_name_length check (char_length(display_name) <= 128),
  description text not null default '' constraint mailboxes__description_length check (char_length(description) <= 75),
  service text not null default '' constraint mailboxes__service_length check (char_length(service) <= 90),
  responsible text not null default '' constraint mailboxes__responsible_length check (char_length(responsible) <= 45),
  -- PER: the sole holder's idNat_PS. The person who signs in with it opens the box.
  holder_id_nat_ps text,
  status text not null default 'active' constraint mailboxes__status check (status in ('active', 'suspended', 'closed')),
  suspension_reason text,
  quota_bytes bigint not null constraint mailboxes__quota_bytes_range check (quota_bytes between 1048576 and 1099511627776),
  -- Hash ({SSHA512} or argon2id) of the password of standard mail clients; null = none may sign in with a password.
  client_secret_hash text,
  -- Desired state against applied state at the mail server.
  version bigint not null default 1,
  applied_version bigint not null default 0,
  provisioning text not null default 'pending' constraint mailboxes__provisioning check (provisioning in ('pending', 'applied', 'failed', 'action_required')),
  provisioning_reason text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (structure_id, id),
  constraint mailboxes__id unique (id),
  constraint mailboxes__address unique (address),
  constraint mailboxes__domain foreign key (structure_id, domain_id) references app.domains (structure_id, id),
  constraint mailboxes__holder check ((type = 'PER') = (holder_id_nat_ps is not null))
);
create index mailboxes__holder_id_nat_ps on app.mailboxes (holder_id_nat_ps) where holder_id_nat_ps is not null;
create index mailboxes__domain_id on app.mailboxes (structure_id, domain_id);

-- Every address ever given: own address, aliases, and those of closed boxes. No role may delete here: an address is never given again.
create table app.addresses (
  address text not null constraint addresses__address_form check (address = lower(address) and char_length(address) <= 254),
  structure_id uuid not null,
  mailbox_id uuid not null,
  kind text not null constraint addresses__kind check (kind in ('main', 'alias', 'closed')),
  created_at timestamptz not null default now(),
  primary key (address),
  constraint addresses__mailbox foreign key (structure_id, mailbox_id) references app.mailboxes (structure_id, id)
);
create index addresses__mailbox_id on app.addresses (structure_id, mailbox_id);

-- Who opens an ORG, APP or CAB box (and, later, delegates of a PER box).
create table app.mailbox_members (
  structure_id uuid not null,
  mailbox_id uuid not null,
  person_id uuid not null references app.people (id),
  created_at timestamptz not null default now(),
  primary key (structure_id, mailbox_id, person_id),
  constraint mailbox_members__mailbox foreign key (structure_id, mailbox_id) references app.mailboxes (structure_id, id)
);
create index mailbox_members__person_id on app.mailbox_members (person_id);

-- The services that act at the mail server in our name (gateway, provisioner). They receive and send nothing.
create table app.mail_services (
  login text primary key constraint mail_services__login_form check (login = lower(login)),
  secret_hash text not null,
  updated_at timestamptz not null default now()
);

-- Sessions -------------------------------------------------------------------------------------------------------------------
create table app.sign_in_attempts (
  -- SHA-256 of the state; the browser's cookie holds the other half.
  state_hash bytea primary key,
  binding_hash bytea not null,
  nonce text not null,
  code_verifier text not null,
  return_to text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);

create table app.sessions (
  id uuid primary key default gen_random_uuid(),
  token_hash bytea not null constraint sessions__token_hash unique,
  person_id uuid not null references app.people (id),
  -- sid of the identity provider, for its back-channel logout; id_token kept for the end of the session only.
  provider_session_id text,
  id_token text,
  acr text,
  authenticated_at timestamptz not null,
  created_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  expires_at timestamptz not null,
  ended_at timestamptz,
  end_reason text
);
create index sessions__person_id on app.sessions (person_id) where ended_at is null;

-- White list of the trust space ------------------------------------------------------------------------------------------------
create table app.white_lists (
  id uuid primary key default gen_random_uuid(),
  generated_at timestamptz not null,
  imported_at timestamptz not null default now(),
  sha256 bytea not null,
  signer text not null,
  status text not null constraint white_lists__status check (status in ('in_force', 'superseded')),
  domain_count integer not null,
  entry_count integer not null
);
create unique index white_lists__in_force on app.white_lists (status) where status = 'in_force';

create table app.white_list_entries (
  white_list_id uuid not null references app.white_lists (id) on delete cascade,
  domain text not null,
  -- Normalised DN: sorted `type=value` lines (api/trust-space/dn.ts).
  dn text not null,
  primary key (white_list_id, domain, dn)
);
create index white_list_entries__domain on app.white_list_entries (domain);

create table app.white_list_refusals (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  reason text not null,
  sha256 bytea,
  generated_at timestamptz
);

-- Audit: only INSERT and SELECT are granted. structure_id null = an act of the operator or a sign-in. -----------------------------
create table app.audit_events (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  structure_id uuid references app.structures (id),
  actor_kind text not null constraint audit_events__actor_kind check (actor_kind in ('person', 'system', 'anonymous')),
  actor_person_id uuid,
  actor_label text not null default '',
  action text not null,
  subject_kind text not null,
  subject_id text not null,
  before jsonb,
  after jsonb,
  reason text,
  request_id text
);
create index audit_events__structure_id on app.audit_events (structure_id, id);

-- Idempotency-Key of POST requests: one row per (person, key). ------------------------------------------------------------------
create table app.idempotency_keys (
  person_id uuid not null references app.people (id),
  key text not null constraint idempotency_keys__key_length check (char_length(key) between 1 and 255),
  request_hash bytea not null,
  status integer,
  body jsonb,
  created_at timestamptz not null default now(),
  primary key (person_id, key)
);

-- Ledger of submissions: what lets a repeated send be recognised by the message's own Message-ID. No recipient, no subject. -------
create table app.submissions (
  structure_id uuid not null,
  mailbox_id uuid not null,
  message_id text not null constraint submissions__message_id_length check (char_length(message_id) between 1 and 998),
  state text not null constraint submissions__state check (state in ('forwarded', 'seen', 'accepted', 'refused')),
  -- Queue id at the mail server, told by its hook.
  queue_id text,
  -- Answer given to the client when it was accepted (ids only).
  answer jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (structure_id, mailbox_id, message_id),
  constraint submissions__mailbox foreign key (structure_id, mailbox_id) references app.mailboxes (structure_id, id)
);

-- Row-level security -------------------------------------------------------------------------------------------------------------
do $$ declare t text; begin
  foreach t in array array['structures','domains','people','operator_roles','memberships','mailboxes','addresses','mailbox_members','mail_services',
    'sign_in_attempts','sessions','white_lists','white_list_entries','white_list_refusals','audit_events','idempotency_keys','submissions'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    -- The platform's own work (workers, sign-in, operator acts already authorised) says so explicitly.
    execute format('create policy system on app.%I to mss_api, mss_worker using ((select app.scope()) in (''system'', ''operator'')) with check ((select app.scope()) in (''system'', ''operator''))', t);
  end loop;
  foreach t in array array['domains','memberships','mailboxes','addresses','mailbox_members','submissions'] loop
    execute format('create policy structure on app.%I to mss_api, mss_worker using ((select app.scope()) = ''structure'' and structure_id = (select app.structure_id())) with check ((select app.scope()) = ''structure'' and structure_id = (select app.structure_id()))', t);
  end loop;
end $$;
create policy structure on app.structures to mss_api, mss_worker using ((select app.scope()) = 'structure' and id = (select app.structure_id())) with check ((select app.scope()) = 'structure' and id = (select app.structure_id()));
create policy structure on app.audit_events to mss_api, mss_worker using ((select app.scope()) = 'structure' and structure_id = (select app.structure_id())) with check ((select app.scope()) = 'structure' and structure_id = (select app.structure_id()));
-- A structure sees the people who are its members, and may note people it is about to make members (people without an account yet).
create policy structure_read on app.people for select to mss_api, mss_worker using ((select app.scope()) = 'structure' and exists (select from app.memberships m where m.person_id = people.id and m.structure_id = (select app.structure_id())));
-- A person sees himself, his sessions, his roles, and the boxes he may open.
create policy person on app.people for select to mss_api, mss_worker using ((select app.scope()) = 'person' and id = (select app.person_id()));
create policy person on app.operator_roles for select to mss_api, mss_worker using ((select app.scope()) = 'person' and person_id = (select app.person_id()));
create policy person on app.memberships for select to mss_api, mss_worker using ((select app.scope()) = 'person' and person_id = (select app.person_id()));
create policy person on app.mailbox_members for select to mss_api, mss_worker using ((select app.scope()) = 'person' and person_id = (select app.person_id()));
create policy person on app.sessions to mss_api, mss_worker using ((select app.scope()) = 'person' and person_id = (select app.person_id())) with check ((select app.scope()) = 'person' and person_id = (select app.person_id()));
create policy person on app.idempotency_keys to mss_api, mss_worker using ((select app.scope()) = 'person' and person_id = (select app.person_id())) with check ((select app.scope()) = 'person' and person_id = (select app.person_id()));
create policy person on app.mailboxes for select to mss_api, mss_worker using ((select app.scope()) = 'person' and (
  holder_id_nat_ps = (select p.id_nat_ps from app.people p where p.id = (select app.person_id()))
  or exists (select from app.mailbox_members m where m.structure_id = mailboxes.structure_id and m.mailbox_id = mailboxes.id and m.person_id = (select app.person_id()))));
create policy person on app.addresses for select to mss_api, mss_worker using ((select app.scope()) = 'person' and exists (select from app.mailboxes b where b.structure_id = addresses.structure_id and b.id = addresses.mailbox_id));
create policy person on app.structures for select to mss_api, mss_worker using ((select app.scope()) = 'person' and (
  exists (select from app.mailboxes b where b.structure_id = structures.id) or exists (select from app.memberships m where m.structure_id = structures.id)));
create policy person on app.domains for select to mss_api, mss_worker using ((select app.scope()) = 'person' and exists (select from app.mailboxes b where b.structure_id = domains.structure_id and b.domain_id = domains.id));
create policy person on app.submissions to mss_api, mss_worker using ((select app.scope()) = 'person' and exists (select from app.mailboxes b where b.structure_id = submissions.structure_id and b.id = submissions.mailbox_id))
  with check ((select app.scope()) = 'person' and exists (select from app.mailboxes b where b.structure_id = submissions.structure_id and b.id = submissions.mailbox_id));
-- What everybody who is signed in may know: the white list.
create policy everyone on app.white_lists for select to mss_api, mss_worker using ((select app.scope()) in ('structure', 'person'));
create policy everyone on app.white_list_entries for select to mss_api, mss_worker using ((select app.scope()) in ('structure', 'person'));

-- Rights. Least: no DELETE but where a row may really go; audit and addresses only grow. ------------------------------------------
grant select, insert, update on app.structures, app.domains, app.people, app.mailboxes, app.mail_services, app.sessions, app.white_lists, app.idempotency_keys, app.submissions to mss_api, mss_worker;
grant select, insert, delete on app.operator_roles, app.memberships, app.mailbox_members, app.sign_in_attempts to mss_api, mss_worker;
grant select, insert, delete on app.white_list_entries to mss_api, mss_worker;
grant select, insert on app.white_list_refusals, app.audit_events to mss_api, mss_worker;
grant select, insert, update (kind) on app.addresses to mss_api, mss_worker;
grant delete on app.sessions, app.idempotency_keys, app.white_lists to mss_worker;
grant usage on all sequences in schema app to mss_api, mss_worker;

-- What the mail server sees -------------------------------------------------------------------------------------------------------
-- The views have an owner of their own that may read these tables across tenants and nothing else (a view reads with its owner's rights,
-- and under forced row-level security the tables' owner would see no line).
grant mail_directory_owner to current_user;
grant usage on schema app to mail_directory_owner;
grant usage, create on schema mail_directory to mail_directory_owner;
grant select on app.structures, app.domains, app.mailboxes, app.addresses, app.mail_services, app.white_lists, app.white_list_entries to mail_directory_owner;
do $$ declare t text; begin
  foreach t in array array['structures','domains','mailboxes','addresses','mail_services','white_lists','white_list_entries'] loop
    execute format('create policy mail_directory on app.%I for select to mail_directory_owner using (true)', t);
  end loop;
end $$;

-- An address in use: main or alias of a box that is active, in a domain and a structure that are.
create view mail_directory.address as
  select a.address, b.address as name, b.client_secret_hash as secret, b.display_name as description
    from app.addresses a
    join app.mailboxes b on b.structure_id = a.structure_id and b.id = a.mailbox_id
    join app.domains d on d.structure_id = b.structure_id and d.id = b.domain_id
    join app.structures s on s.id = b.structure_id
   where a.kind in ('main', 'alias') and b.status = 'active' and d.status = 'active' and s.status = 'active';
-- Who may sign in with a password. Services stand here and nowhere else.
create view mail_directory.login as
  select address as login, name, secret, description, 'individual'::text as type from mail_directory.address
  union all
  select login, login, secret_hash, login, 'individual' from app.mail_services;
create view mail_directory.recipient as
  select address, name, secret, description, 'individual'::text as type from mail_directory.address;
-- Boxes that may send now; addresses each may use.
create view mail_directory.sender as select distinct name as login from mail_directory.address;
create view mail_directory.sender_address as select name as login, address from mail_directory.address;
create view mail_directory.hosted_domain as
  select d.name as domain from app.domains d join app.structures s on s.id = d.structure_id where d.status <> 'closed' and s.status <> 'closed';
create view mail_directory.allowed_domain as
  select distinct e.domain from app.white_list_entries e join app.white_lists w on w.id = e.white_list_id where w.status = 'in_force';
alter view mail_directory.address owner to mail_directory_owner;
alter view mail_directory.login owner to mail_directory_owner;
alter view mail_directory.recipient owner to mail_directory_owner;
alter view mail_directory.sender owner to mail_directory_owner;
alter view mail_directory.sender_address owner to mail_directory_owner;
alter view mail_directory.hosted_domain owner to mail_directory_owner;
alter view mail_directory.allowed_domain owner to mail_directory_owner;
grant usage on schema mail_directory to mail_directory;
grant select on mail_directory.login, mail_directory.recipient, mail_directory.sender, mail_directory.sender_address, mail_directory.hosted_domain, mail_directory.allowed_domain to mail_directory;
-- A member of mail_directory_owner would share its policies and see every tenant: none stays.
revoke mail_directory_owner from current_user;
