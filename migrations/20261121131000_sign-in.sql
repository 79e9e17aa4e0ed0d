-- Why: sessions follow Pro Santé Connect for their whole life (refresh, back-channel logout), people with several situations of exercise
-- choose one, and a sign-in can be confirmed on a phone (CIBA).
-- Locks: app.sessions and app.people for the moment of adding columns without a volatile default; the indexes are built on what is open
-- alone; the two tables are new.

-- The provider's refresh token, sealed (AES-256-GCM under the key of MSS_SESSION_KEY_FILE, bound to the session's id); its access token
-- is kept nowhere (SC.MSS/CONF.28). `refresh_at`: when it is asked to be renewed, if the person was there since `refreshed_at`.
alter table app.sessions add column refresh_token bytea;
alter table app.sessions add column refreshed_at timestamptz;
alter table app.sessions add column refresh_at timestamptz;
-- Chosen situation of exercise: a key of the person's own list.
alter table app.sessions add column situation_key text constraint sessions__situation_key_length check (char_length(situation_key) between 1 and 64);
create index sessions__refresh_at on app.sessions (refresh_at) where ended_at is null and refresh_token is not null;
create index sessions__provider_session_id on app.sessions (provider_session_id) where ended_at is null;

-- What the provider said at the last sign-in (api/identity/situations.ts), and what the person chose last.
alter table app.people add column situations jsonb not null default '[]' constraint people__situations_list check (jsonb_typeof(situations) = 'array');
alter table app.people add column situation_key text constraint people__situation_key_length check (char_length(situation_key) between 1 and 64);

-- A sign-in that waits for its confirmation on the person's phone.
create table app.decoupled_sign_ins (
  -- SHA-256 of the browser's cookie: nobody else may fetch the session.
  binding_hash bytea primary key,
  -- SHA-256 of the national identity that was typed: who confirms must be that person.
  account_hash bytea not null,
  -- The provider's request id, sealed; null when the provider knows nobody of that number, which the browser is not told.
  request_sealed bytea,
  binding_message text not null constraint decoupled_sign_ins__binding_message check (binding_message ~ '^[0-9]{2}$'),
  return_to text not null,
  interval_seconds integer not null constraint decoupled_sign_ins__interval check (interval_seconds between 1 and 120),
  next_poll_at timestamptz not null,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
create index decoupled_sign_ins__expires_at on app.decoupled_sign_ins (expires_at);

-- Logout tokens already used, until they would be refused by their age.
create table app.logout_tokens (
  jti_hash bytea primary key,
  expires_at timestamptz not null
);
create index logout_tokens__expires_at on app.logout_tokens (expires_at);

do $$ declare t text; begin
  foreach t in array array['decoupled_sign_ins','logout_tokens'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy system on app.%I to mss_api, mss_worker using ((select app.scope()) in (''system'', ''operator'')) with check ((select app.scope()) in (''system'', ''operator''))', t);
  end loop;
end $$;
grant select, insert, update, delete on app.decoupled_sign_ins to mss_api, mss_worker;
grant select, insert, delete on app.logout_tokens to mss_api, mss_worker;
