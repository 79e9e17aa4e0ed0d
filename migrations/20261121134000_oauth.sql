-- Why: the platform's own authorisation server: programs on a person's own machine (RFC 8252), and the software of health structures (LPS,
-- DUI), which exchanges a token of Pro Santé Connect for one of ours (RFC 8693) under its client certificate.
-- Locks: nothing that exists; the tables are new.

create table app.oauth_clients (
  id uuid primary key default gen_random_uuid(),
  -- What the program calls itself in a request.
  client_id text not null constraint oauth_clients__client_id unique constraint oauth_clients__client_id_form check (client_id ~ '^[a-z0-9][a-z0-9._-]{2,63}$'),
  kind text not null constraint oauth_clients__kind check (kind in ('native', 'lps')),
  name text not null constraint oauth_clients__name_length check (char_length(name) between 1 and 100),
  -- Exactly these, but for the port of a loopback address (RFC 8252, 7.3).
  redirect_uris jsonb not null default '[]' constraint oauth_clients__redirect_uris check (jsonb_typeof(redirect_uris) = 'array'),
  -- Names of the certificate, as shown and as compared (api/client-access/certificate-name.ts). A renewed certificate keeps them.
  subject text,
  issuer text,
  subject_key text,
  issuer_key text,
  created_at timestamptz not null default now(),
  withdrawn_at timestamptz,
  constraint oauth_clients__proof check (
    case kind when 'native' then subject_key is null and issuer_key is null and jsonb_array_length(redirect_uris) > 0
    else subject_key is not null and issuer_key is not null and redirect_uris = '[]' end)
);
create unique index oauth_clients__certificate on app.oauth_clients (subject_key, issuer_key) where withdrawn_at is null;

-- What a person has given a program: a family of tokens that ends as one.
create table app.oauth_grants (
  id uuid primary key default gen_random_uuid(),
  client_id uuid not null references app.oauth_clients (id),
  person_id uuid not null references app.people (id),
  scope text not null,
  -- Level of the sign-in it rests on.
  acr text,
  created_at timestamptz not null,
  -- No token of the family outlives it.
  expires_at timestamptz not null,
  revoked_at timestamptz,
  revoke_reason text
);
create index oauth_grants__person_id on app.oauth_grants (person_id) where revoked_at is null;

create table app.oauth_codes (
  code_hash bytea primary key,
  client_id uuid not null references app.oauth_clients (id),
  person_id uuid not null references app.people (id),
  session_id uuid not null references app.sessions (id) on delete cascade,
  redirect_uri text not null,
  code_challenge text not null,
  scope text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  -- The family it began: a code that comes back ends it (RFC 6749, 4.1.2).
  grant_id uuid references app.oauth_grants (id) on delete cascade
);
create index oauth_codes__expires_at on app.oauth_codes (expires_at);

create table app.oauth_refresh_tokens (
  token_hash bytea primary key,
  grant_id uuid not null references app.oauth_grants (id) on delete cascade,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  -- What it was exchanged for, sealed: an answer lost on the way is given again within seconds, and to nobody later.
  successor bytea
);
create index oauth_refresh_tokens__grant_id on app.oauth_refresh_tokens (grant_id);

create table app.oauth_access_tokens (
  token_hash bytea primary key,
  grant_id uuid not null references app.oauth_grants (id) on delete cascade,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  -- SHA-256 of the client certificate it is good with; null for a program without one.
  certificate_sha256 bytea
);
create index oauth_access_tokens__grant_id on app.oauth_access_tokens (grant_id);
create index oauth_access_tokens__expires_at on app.oauth_access_tokens (expires_at);

do $$ declare t text; begin
  foreach t in array array['oauth_clients','oauth_grants','oauth_codes','oauth_refresh_tokens','oauth_access_tokens'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy system on app.%I to mss_api, mss_worker using ((select app.scope()) in (''system'', ''operator'')) with check ((select app.scope()) in (''system'', ''operator''))', t);
  end loop;
end $$;
grant select, insert, update on app.oauth_clients to mss_api;
grant select on app.oauth_clients to mss_worker;
grant select, insert, update, delete on app.oauth_grants, app.oauth_codes, app.oauth_refresh_tokens, app.oauth_access_tokens to mss_api, mss_worker;
