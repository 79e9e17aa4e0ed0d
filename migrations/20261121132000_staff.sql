-- Why: the operator's own staff signs in without Pro Santé Connect: a password with one-time codes, or passkeys. Accounts, the links by
-- which they are set up, their factors, and the steps of a sign-in that is under way.
-- Locks: app.sessions for the moment of adding two columns without default; triggers on three tables; the others are new.

-- How somebody signed in (pwd+otp, pwd+recovery, passkey; null: the identity provider said it in acr), and when a factor was last shown.
alter table app.sessions add column amr text;
alter table app.sessions add column factor_at timestamptz;

create table app.staff_accounts (
  person_id uuid primary key references app.people (id),
  login text not null constraint staff_accounts__login_form check (login = lower(login) and login ~ '^[a-z0-9][a-z0-9._+-]*(@[a-z0-9.-]+)?$' and char_length(login) between 3 and 254),
  status text not null default 'invited' constraint staff_accounts__status check (status in ('invited', 'active', 'closed')),
  -- argon2id, PHC string.
  password_hash text,
  password_set_at timestamptz,
  -- AES-256-GCM under the key of MSS_STAFF_KEY_FILE.
  totp_secret bytea,
  totp_set_at timestamptz,
  -- The step of the last code accepted: none is accepted twice, and none older (RFC 6238, 5.2).
  totp_last_step bigint not null default 0,
  created_at timestamptz not null default now(),
  enrolled_at timestamptz,
  last_signed_in_at timestamptz,
  closed_at timestamptz,
  constraint staff_accounts__login unique (login),
  constraint staff_accounts__closed check ((status = 'closed') = (closed_at is not null)),
  constraint staff_accounts__not_active check (status = 'active' or (password_hash is null and totp_secret is null))
);

-- A link by which an account is set up, or set up anew after a factor was lost. One per account counts: the last.
create table app.staff_enrolments (
  id uuid primary key default gen_random_uuid(),
  person_id uuid not null references app.staff_accounts (person_id),
  token_hash bytea not null constraint staff_enrolments__token_hash unique,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz,
  revoked_at timestamptz
);
create unique index staff_enrolments__open on app.staff_enrolments (person_id) where used_at is null and revoked_at is null;

create table app.staff_passkeys (
  person_id uuid not null references app.staff_accounts (person_id),
  id uuid not null default gen_random_uuid(),
  credential_id text not null constraint staff_passkeys__credential_id unique,
  public_key bytea not null,
  counter bigint not null,
  transports jsonb not null default '[]',
  name text not null constraint staff_passkeys__name_length check (char_length(name) between 1 and 64),
  is_synced boolean not null,
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  -- Its counter once went backwards: a copy of it exists, and neither is let in any more.
  cloned_at timestamptz,
  primary key (person_id, id)
);

-- 125 random bits each: a plain digest is enough.
create table app.staff_recovery_codes (
  person_id uuid not null references app.staff_accounts (person_id),
  code_hash bytea not null,
  created_at timestamptz not null default now(),
  used_at timestamptz,
  primary key (person_id, code_hash)
);

-- A sign-in, an enrolment or a change of factors on its way: what the server must remember between two requests of one browser.
create table app.staff_ceremonies (
  token_hash bytea primary key,
  -- The browser's cookie holds the other half.
  binding_hash bytea not null,
  kind text not null constraint staff_ceremonies__kind check (kind in ('code', 'passkey', 'enrolment', 'step-up', 'totp', 'new-passkey')),
  -- Null while it is not known who comes: a passkey says it itself.
  person_id uuid references app.staff_accounts (person_id),
  enrolment_id uuid references app.staff_enrolments (id),
  session_id uuid references app.sessions (id) on delete cascade,
  challenge text,
  password_hash text,
  totp_secret bytea,
  failures integer not null default 0,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index staff_ceremonies__expires_at on app.staff_ceremonies (expires_at);
create index staff_ceremonies__session_id on app.staff_ceremonies (session_id) where session_id is not null;

do $$ declare t text; begin
  foreach t in array array['staff_accounts','staff_enrolments','staff_passkeys','staff_recovery_codes','staff_ceremonies'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy system on app.%I to mss_api, mss_worker using ((select app.scope()) in (''system'', ''operator'')) with check ((select app.scope()) in (''system'', ''operator''))', t);
  end loop;
end $$;
grant select, insert, update on app.staff_accounts, app.staff_enrolments to mss_api, mss_worker;
grant select, insert, update, delete on app.staff_passkeys, app.staff_recovery_codes, app.staff_ceremonies to mss_api, mss_worker;
-- The erasure of a person takes these away.
grant delete on app.staff_accounts, app.staff_enrolments to mss_worker;

-- Who administers the platform opens no box and works in no structure with the same account: whoever gives him one is refused.
create function app.refuse_staff() returns trigger language plpgsql as $$
declare
  before text := app.scope();
  is_staff boolean;
begin
  -- Whoever writes the row may not see who is staff.
  perform set_config('app.scope', 'system', true);
  is_staff := exists (select from app.staff_accounts s where s.person_id = new.person_id);
  perform set_config('app.scope', before, true);
  if is_staff then
    raise exception 'the operator''s staff has no boxes' using errcode = '23514', constraint = tg_table_name || '__staff';
  end if;
  return new;
end $$;
create trigger staff before insert on app.memberships for each row execute function app.refuse_staff();
create trigger staff before insert on app.mailbox_members for each row execute function app.refuse_staff();
create trigger staff before insert on app.mailbox_delegations for each row execute function app.refuse_staff();
create trigger staff before insert on app.invitations for each row execute function app.refuse_staff();
