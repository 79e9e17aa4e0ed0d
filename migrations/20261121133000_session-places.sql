-- Why: people see where they are signed in, end what is not theirs, and are told of a sign-in from a place they were never seen at.
-- Locks: app.sessions for the moment of adding columns (constant default: no rewrite); the table is new.

-- The network (a block of addresses, never one) and the program, e.g. `198.51.100.0/24` and `Firefox, Windows`; null where unknown.
alter table app.sessions add column network text constraint sessions__network_length check (char_length(network) <= 64);
alter table app.sessions add column browser text constraint sessions__browser_length check (char_length(browser) <= 64);
alter table app.sessions add column is_new_place boolean not null default false;

-- Where a person has signed in from: digests of network and program, forgotten after half a year without use.
create table app.known_places (
  person_id uuid not null references app.people (id),
  place_hash bytea not null,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  primary key (person_id, place_hash)
);

alter table app.known_places enable row level security;
alter table app.known_places force row level security;
create policy system on app.known_places to mss_api, mss_worker using ((select app.scope()) in ('system', 'operator')) with check ((select app.scope()) in ('system', 'operator'));
create policy person on app.known_places for select to mss_api, mss_worker using ((select app.scope()) = 'person' and person_id = (select app.person_id()));
grant select, insert, update, delete on app.known_places to mss_api, mss_worker;
