-- Why: what somebody opened by a token of Pro Santé Connect (IMAP, submission, software) ends with his logout, and a token that was given
-- out before the logout opens nothing any more, even while the provider still calls it active.
-- Locks: none; the table is new.

-- One row per logout, forgotten when no token session can be as old (api/identity/logout-queries.ts).
create table app.logouts (
  id bigint generated always as identity primary key,
  -- Null: of a session of the provider that nobody here is known to have had.
  person_id uuid references app.people (id),
  -- SHA-256 of the provider's `sid`; null = all that the person has.
  session_hash bytea,
  at timestamptz not null,
  expires_at timestamptz not null,
  constraint logouts__of_something check (person_id is not null or session_hash is not null)
);
create index logouts__person_id on app.logouts (person_id);
create index logouts__session_hash on app.logouts (session_hash);
create index logouts__expires_at on app.logouts (expires_at);

alter table app.logouts enable row level security;
alter table app.logouts force row level security;
create policy system on app.logouts to mss_api, mss_worker
  using ((select case when current_setting('app.scope', true) in ('system', 'operator') then true end) is not null)
  with check ((select case when current_setting('app.scope', true) in ('system', 'operator') then true end) is not null);
grant select, insert, delete on app.logouts to mss_api, mss_worker;
