-- Why: whoever is on call must learn that secrets are being guessed: many accounts failing from one address (spraying), or one account from
-- many addresses (guessing). One row per attack, while it goes on and after; and codes of the staff that were wrong, counted where
-- they are not lost.
-- Locks: app.staff_accounts for the moment of adding two columns; the table is new.

create table app.sign_in_attacks (
  id uuid primary key default gen_random_uuid(),
  kind text not null constraint sign_in_attacks__kind check (kind in ('spraying', 'guessing')),
  way text not null constraint sign_in_attacks__way check (char_length(way) between 1 and 32),
  -- Of the address or the account, by the key of MSS_SESSION_KEY_FILE: tells two attacks apart and nothing else.
  fingerprint bytea not null,
  -- From where, a block of addresses and never one; null where it comes from many.
  network text constraint sign_in_attacks__network_length check (char_length(network) <= 64),
  -- Whose secret is guessed at, where it is somebody's: no foreign key, as in the trail.
  structure_id uuid,
  subject_kind text constraint sign_in_attacks__subject_kind check (subject_kind in ('mailbox', 'person')),
  subject_id uuid,
  -- The most at one time: accounts of the address, or addresses of the account.
  count integer not null,
  started_at timestamptz not null,
  last_at timestamptz not null,
  constraint sign_in_attacks__subject check ((subject_kind is null) = (subject_id is null))
);
create index sign_in_attacks__fingerprint on app.sign_in_attacks (fingerprint, last_at desc);
create index sign_in_attacks__last_at on app.sign_in_attacks (last_at);

alter table app.sign_in_attacks enable row level security;
alter table app.sign_in_attacks force row level security;
create policy system on app.sign_in_attacks to mss_api, mss_worker using ((select app.scope()) in ('system', 'operator')) with check ((select app.scope()) in ('system', 'operator'));
grant select, insert, update on app.sign_in_attacks to mss_api;
grant select, delete on app.sign_in_attacks to mss_worker;

-- Codes that were wrong one after the other, after a right password: NIST SP 800-63B-4, 3.2.2.
alter table app.staff_accounts add column code_failures integer not null default 0;
alter table app.staff_accounts add column code_failed_at timestamptz;
