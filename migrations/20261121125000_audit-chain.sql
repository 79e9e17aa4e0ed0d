-- Why: nobody, not even with the rights of the tables' owner, may change, remove, insert or reorder a row of the audit trail without
-- its being found. Each structure's rows form a chain, the operator's and the sign-ins (structure_id null) one of their own (chain_id
-- all zeros): every row's SHA-256 covers the row and the hash before it. docs/verifier-la-trace.md says how it is verified.
-- Locks: app.audit_events, for its writers, while the rows that exist are chained (about 10 000 rows per second).
--
-- The chain is made at COMMIT, by a deferred trigger. A chain has one end, so its writers must come one after the other; were that
-- lock taken when the row is written, it would be held for the rest of the transaction, and two transactions that lock boxes and
-- write rows in different orders would wait for each other for ever. At COMMIT nothing else is still to be locked, and a transaction
-- that has written into several chains takes them in order of their ids.
-- seq is therefore the order of commits and has no gap: who has read up to n misses nothing by asking for what is above n.

-- The transaction that wrote the row, by which the trigger finds all rows of its own transaction.
alter table app.audit_events add column transaction_id bigint not null default 0;
alter table app.audit_events alter column transaction_id set default pg_current_xact_id()::text::bigint;
create index audit_events__transaction_id on app.audit_events (transaction_id) where transaction_id > 0;
create index audit_events__subject_id on app.audit_events (structure_id, subject_id, id);
create index audit_events__actor_person_id on app.audit_events (structure_id, actor_person_id, id);

-- One row per row of the trail. No foreign key: it would lock the trail's rows, and what it would refuse is what the verifier finds.
create table app.audit_links (
  chain_id uuid not null,
  seq bigint not null constraint audit_links__seq_range check (seq > 0),
  event_id bigint not null,
  -- How the row was written down before it was hashed (app.audit_text); another way will be another number.
  format integer not null,
  previous_hash bytea not null,
  hash bytea not null,
  primary key (chain_id, seq),
  constraint audit_links__event_id unique (event_id)
);
-- The end of each chain.
create table app.audit_heads (
  chain_id uuid not null,
  seq bigint not null,
  hash bytea not null,
  sealed_at timestamptz not null default now(),
  primary key (chain_id)
);

-- What is hashed, format 1: a JSON array of strings, nulls and two integers, without white space, as RFC 8785 has it. JSON columns
-- stand in it as the text by which PostgreSQL shows them. api/audit/chain.ts writes the same independently.
create function app.audit_text(e app.audit_events, chain uuid, seq bigint, previous_hash bytea) returns text
  language sql stable set search_path = pg_catalog, pg_temp as $$
  select '["mss-audit-1","' || chain || '",' || seq || ',"' || encode(previous_hash, 'hex') || '",' || e.id
    || ',"' || to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '"'
    || ',' || coalesce('"' || e.structure_id || '"', 'null')
    || ',' || to_json(e.actor_kind)
    || ',' || coalesce('"' || e.actor_person_id || '"', 'null')
    || ',' || to_json(e.actor_label)
    || ',' || to_json(e.action)
    || ',' || to_json(e.subject_kind)
    || ',' || to_json(e.subject_id)
    || ',' || coalesce(to_json(e.before::text)::text, 'null')
    || ',' || coalesce(to_json(e.after::text)::text, 'null')
    || ',' || coalesce(to_json(e.reason)::text, 'null')
    || ',' || coalesce(to_json(e.request_id)::text, 'null')
    || ']'
$$;

-- Appends to the chain the rows of one transaction that are not in it yet, in the order of their ids.
create function app.seal_audit_chain(chain uuid, of_transaction bigint) returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
  last bytea;
  next bytea;
  e app.audit_events;
begin
  insert into app.audit_heads (chain_id, seq, hash) values (chain, 0, decode(repeat('00', 32), 'hex')) on conflict do nothing;
  select h.seq, h.hash into n, last from app.audit_heads h where h.chain_id = chain for update;
  for e in
    select * from app.audit_events v
     where v.transaction_id = of_transaction
       and v.structure_id is not distinct from nullif(chain, '00000000-0000-0000-0000-000000000000')
       and not exists (select from app.audit_links l where l.event_id = v.id)
     order by v.id
  loop
    n := n + 1;
    next := sha256(convert_to(app.audit_text(e, chain, n, last), 'UTF8'));
    insert into app.audit_links (chain_id, seq, event_id, format, previous_hash, hash) values (chain, n, e.id, 1, last, next);
    last := next;
  end loop;
  update app.audit_heads set seq = n, hash = last, sealed_at = clock_timestamp() where chain_id = chain;
end $$;
revoke all on function app.seal_audit_chain(uuid, bigint) from public;

create function app.seal_audit_events() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  current_id bigint := pg_current_xact_id()::text::bigint;
  chain uuid;
begin
  if new.transaction_id <> current_id then
    raise exception 'audit row % names another transaction than its own', new.id;
  end if;
  -- The first row's turn has sealed them all.
  if exists (select from app.audit_links l where l.event_id = new.id) then return null; end if;
  for chain in
    select distinct coalesce(v.structure_id, '00000000-0000-0000-0000-000000000000') as id
      from app.audit_events v where v.transaction_id = current_id order by id
  loop
    perform app.seal_audit_chain(chain, current_id);
  end loop;
  return null;
end $$;
revoke all on function app.seal_audit_events() from public;

alter table app.audit_links enable row level security;
alter table app.audit_links force row level security;
alter table app.audit_heads enable row level security;
alter table app.audit_heads force row level security;
create policy system on app.audit_links to mss_api, mss_worker using ((select app.scope()) in ('system', 'operator')) with check ((select app.scope()) in ('system', 'operator'));
create policy system on app.audit_heads to mss_api, mss_worker using ((select app.scope()) in ('system', 'operator')) with check ((select app.scope()) in ('system', 'operator'));
create policy structure on app.audit_links for select to mss_api, mss_worker using ((select app.scope()) = 'structure' and chain_id = (select app.structure_id()));
create policy structure on app.audit_heads for select to mss_api, mss_worker using ((select app.scope()) = 'structure' and chain_id = (select app.structure_id()));
-- The trigger works with the rights of its owner, across all structures.
create policy seal on app.audit_events for select to current_user using (true);
create policy seal on app.audit_links to current_user using (true) with check (true);
create policy seal on app.audit_heads to current_user using (true) with check (true);
grant select on app.audit_links, app.audit_heads to mss_api, mss_worker;

-- The rows written before there was a chain.
do $$ declare chain uuid; begin
  for chain in select distinct coalesce(structure_id, '00000000-0000-0000-0000-000000000000') as id from app.audit_events order by id loop
    perform app.seal_audit_chain(chain, 0);
  end loop;
end $$;

create constraint trigger audit_events__seal after insert on app.audit_events
  deferrable initially deferred for each row execute function app.seal_audit_events();

-- A hand that slips, with whatever rights, is stopped; who takes the triggers away first is found by the verifier.
create function app.refuse_audit_change() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception 'the audit trail only grows: % on % is refused', tg_op, tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger audit_events__grow_only before update or delete or truncate on app.audit_events execute function app.refuse_audit_change();
create trigger audit_links__grow_only before update or delete or truncate on app.audit_links execute function app.refuse_audit_change();
create trigger audit_heads__grow_only before delete or truncate on app.audit_heads execute function app.refuse_audit_change();
