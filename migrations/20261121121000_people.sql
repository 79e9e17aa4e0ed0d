-- Why: people at work in structures: whom a structure knows and how he is searched (structure_people), invitations, departures,
-- service accounts with their keys; services as actors of the trail and owners of idempotency keys.
-- Locks: app.people is rewritten once for its search column; the others for an instant.

-- What is compared in a search: without accents, ligatures and capitals. Immutable, so that a column can hold it; no extension.
create function app.search_key(value text) returns text immutable parallel safe strict language sql as $$
  select lower(regexp_replace(normalize(replace(replace(replace(replace(value, 'œ', 'oe'), 'Œ', 'oe'), 'æ', 'ae'), 'Æ', 'ae'), NFD),
    '[\u0300-\u036f]', '', 'g'))
$$;
-- Names: hyphens and apostrophes are spaces.
create function app.name_key(value text) returns text immutable parallel safe strict language sql as $$
  select translate(app.search_key(value), '-''’', '   ')
$$;
revoke all on function app.search_key(text), app.name_key(text) from public;
grant execute on function app.search_key(text), app.name_key(text) to mss_api, mss_worker;

alter table app.people
  add column sort_name text collate "C" not null generated always as (app.name_key(family_name || ' ' || given_name)) stored,
  add column search text collate "C" not null generated always as
    (app.name_key(family_name || ' ' || given_name) || ' ' || coalesce(lower(id_nat_ps), '')) stored;
create index people__sort_name on app.people (sort_name, id);

-- Invitations: the membership is given at the first sign-in of the person invited. -------------------------------------------------
create table app.invitations (
  structure_id uuid not null references app.structures (id),
  id uuid not null default gen_random_uuid(),
  person_id uuid not null references app.people (id),
  role text not null constraint invitations__role check (role in ('structure_administrator', 'domain_administrator', 'mailbox_manager', 'user')),
  email text constraint invitations__email_length check (char_length(email) between 3 and 254),
  status text not null default 'pending' constraint invitations__status check (status in ('pending', 'accepted', 'revoked', 'expired')),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  decided_at timestamptz,
  primary key (structure_id, id),
  constraint invitations__decided check ((status = 'pending') = (decided_at is null))
);
create unique index invitations__pending on app.invitations (structure_id, person_id, role) where status = 'pending';
create index invitations__person_id on app.invitations (person_id) where status = 'pending';

-- Departures: what a person had in a structure ends, at once or at a date. -----------------------------------------------------------
create table app.departures (
  structure_id uuid not null references app.structures (id),
  id uuid not null default gen_random_uuid(),
  person_id uuid not null references app.people (id),
  reason text not null constraint departures__reason_length check (char_length(reason) between 1 and 255),
  status text not null default 'scheduled' constraint departures__status check (status in ('scheduled', 'done', 'cancelled')),
  due_at timestamptz not null,
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  primary key (structure_id, id),
  constraint departures__ended check ((status = 'scheduled') = (ended_at is null))
);
create unique index departures__scheduled on app.departures (structure_id, person_id) where status = 'scheduled';
create index departures__person_id on app.departures (structure_id, person_id);

-- Service accounts: software that acts in one structure, within its scopes. ----------------------------------------------------------
create table app.service_accounts (
  structure_id uuid not null references app.structures (id),
  id uuid not null default gen_random_uuid(),
  name text not null constraint service_accounts__name_length check (char_length(name) between 1 and 100),
  description text not null default '' constraint service_accounts__description_length check (char_length(description) <= 255),
  -- Actions of api/actions.ts.
  scopes jsonb not null constraint service_accounts__scopes check (jsonb_typeof(scopes) = 'array'),
  status text not null default 'active' constraint service_accounts__status check (status in ('active', 'revoked')),
  expires_at timestamptz,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (structure_id, id),
  constraint service_accounts__id unique (id)
);
create unique index service_accounts__name on app.service_accounts (structure_id, name) where status = 'active';

create table app.service_account_keys (
  structure_id uuid not null,
  service_account_id uuid not null,
  id uuid not null default gen_random_uuid(),
  -- First characters of the secret, by which people recognise a key.
  prefix text not null constraint service_account_keys__prefix_length check (char_length(prefix) between 8 and 16),
  -- SHA-256 of the secret (256 bits of chance: no salt is needed).
  secret_hash bytea not null constraint service_account_keys__secret_hash unique,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  primary key (structure_id, service_account_id, id),
  constraint service_account_keys__service_account foreign key (structure_id, service_account_id) references app.service_accounts (structure_id, id)
);

-- What is decided stays decided.
create function app.keep_decision() returns trigger language plpgsql as $$ begin
  raise exception '% % is %: it does not change any more', tg_table_name, old.id, old.status using errcode = 'check_violation';
end $$;
create trigger decided before update on app.invitations for each row when (old.status <> 'pending') execute function app.keep_decision();
create trigger decided before update on app.departures for each row when (old.status <> 'scheduled') execute function app.keep_decision();
create trigger decided before update on app.service_accounts for each row when (old.status = 'revoked') execute function app.keep_decision();
create function app.keep_revocation() returns trigger language plpgsql as $$ begin
  raise exception 'key % is revoked', old.id using errcode = 'check_violation';
end $$;
create trigger revoked before update on app.service_account_keys for each row when (old.revoked_at is not null) execute function app.keep_revocation();

-- Whom a structure knows: members, members and delegates of boxes, holders of boxes that are not closed, people invited. Kept by the
-- triggers below and by nothing else. A table and not a view: row-level security of people then asks one index, and a search
-- reads one structure's lines.
create table app.structure_people (
  structure_id uuid not null references app.structures (id),
  person_id uuid not null references app.people (id),
  sort_name text collate "C" not null,
  -- Names, national identity and addresses.
  search text collate "C" not null,
  primary key (structure_id, person_id)
);
create index structure_people__sort_name on app.structure_people (structure_id, sort_name, person_id);
create index structure_people__person_id on app.structure_people (person_id);

-- Writes the line of one person in one structure as it must be, or removes it. A migration that adds another way to be known
-- replaces this function.
create function app.refresh_structure_person(structure uuid, person uuid) returns void language plpgsql as $$
declare
  before text := app.scope();
  known app.people;
  addresses text;
begin
  -- Narrowed again at the end; after an error the transaction is lost, and its settings with it.
  perform set_config('app.scope', 'system', true);
  select * into known from app.people where id = person;
  if exists (select from app.memberships m where m.structure_id = structure and m.person_id = person)
    or exists (select from app.mailbox_members m where m.structure_id = structure and m.person_id = person)
    or exists (select from app.mailboxes b where b.structure_id = structure and b.holder_id_nat_ps = known.id_nat_ps and b.status <> 'closed')
    or exists (select from app.invitations i where i.structure_id = structure and i.person_id = person and i.status = 'pending')
  then
    select string_agg(a.address, ' ' order by a.address) into addresses from app.addresses a
     where a.structure_id = structure and a.kind <> 'closed' and a.mailbox_id in (
       select b.id from app.mailboxes b where b.structure_id = structure and b.holder_id_nat_ps = known.id_nat_ps
       union all select m.mailbox_id from app.mailbox_members m where m.structure_id = structure and m.person_id = person);
    insert into app.structure_people (structure_id, person_id, sort_name, search)
    values (structure, person, known.sort_name, known.search || coalesce(' ' || addresses, ''))
    on conflict (structure_id, person_id) do update set sort_name = excluded.sort_name, search = excluded.search
     where (structure_people.sort_name, structure_people.search) is distinct from (excluded.sort_name, excluded.search);
  else
    delete from app.structure_people where structure_id = structure and person_id = person;
  end if;
  perform set_config('app.scope', before, true);
end $$;

-- Tables with (structure_id, person_id).
create function app.note_structure_person() returns trigger language plpgsql as $$ begin
  if tg_op <> 'INSERT' then perform app.refresh_structure_person(old.structure_id, old.person_id); end if;
  if tg_op = 'INSERT' or (tg_op = 'UPDATE' and (new.structure_id, new.person_id) is distinct from (old.structure_id, old.person_id)) then
    perform app.refresh_structure_person(new.structure_id, new.person_id);
  end if;
  return null;
end $$;
create trigger structure_people after insert or delete on app.memberships for each row execute function app.note_structure_person();
create trigger structure_people after insert or delete on app.mailbox_members for each row execute function app.note_structure_person();
create trigger structure_people after insert or update of status on app.invitations for each row execute function app.note_structure_person();

-- Everybody of one box, after its address or its state has changed.
create function app.refresh_people_of_mailbox(structure uuid, mailbox uuid) returns void language plpgsql as $$
declare
  before text := app.scope();
begin
  perform set_config('app.scope', 'system', true);
  perform app.refresh_structure_person(structure, p.id) from app.mailboxes b join app.people p on p.id_nat_ps = b.holder_id_nat_ps
    where b.structure_id = structure and b.id = mailbox;
  perform app.refresh_structure_person(structure, m.person_id) from app.mailbox_members m where m.structure_id = structure and m.mailbox_id = mailbox;
  perform set_config('app.scope', before, true);
end $$;
create function app.note_address() returns trigger language plpgsql as $$ begin
  perform app.refresh_people_of_mailbox(new.structure_id, new.mailbox_id);
  return null;
end $$;
-- A new box is noted by the row of its address, which comes after its own.
create trigger structure_people after insert or update on app.addresses for each row execute function app.note_address();
create function app.note_mailbox() returns trigger language plpgsql as $$
declare
  before text := app.scope();
begin
  perform set_config('app.scope', 'system', true);
  perform app.refresh_people_of_mailbox(new.structure_id, new.id);
  if old.holder_id_nat_ps is not null then
    perform app.refresh_structure_person(old.structure_id, p.id) from app.people p where p.id_nat_ps = old.holder_id_nat_ps;
  end if;
  perform set_config('app.scope', before, true);
  return null;
end $$;
create trigger structure_people after update on app.mailboxes for each row
  when ((old.structure_id, old.holder_id_nat_ps, old.status = 'closed') is distinct from (new.structure_id, new.holder_id_nat_ps, new.status = 'closed'))
  execute function app.note_mailbox();

create function app.note_person() returns trigger language plpgsql as $$
declare
  before text := app.scope();
begin
  perform set_config('app.scope', 'system', true);
  perform app.refresh_structure_person(s.id, new.id) from (
    select structure_id as id from app.structure_people where person_id = new.id
    union select structure_id from app.mailboxes where holder_id_nat_ps = new.id_nat_ps) s;
  perform set_config('app.scope', before, true);
  return null;
end $$;
create trigger structure_people_new after insert on app.people for each row when (new.id_nat_ps is not null) execute function app.note_person();
create trigger structure_people_changed after update on app.people for each row
  when ((old.family_name, old.given_name, old.id_nat_ps) is distinct from (new.family_name, new.given_name, new.id_nat_ps))
  execute function app.note_person();

-- Row-level security ---------------------------------------------------------------------------------------------------------------
do $$ declare t text; begin
  foreach t in array array['invitations','departures','service_accounts','service_account_keys','structure_people'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy system on app.%I to mss_api, mss_worker using ((select app.scope()) in (''system'', ''operator'')) with check ((select app.scope()) in (''system'', ''operator''))', t);
  end loop;
  foreach t in array array['invitations','departures','service_accounts','service_account_keys'] loop
    execute format('create policy structure on app.%I to mss_api, mss_worker using ((select app.scope()) = ''structure'' and structure_id = (select app.structure_id())) with check ((select app.scope()) = ''structure'' and structure_id = (select app.structure_id()))', t);
  end loop;
end $$;
-- Only the triggers write here.
create policy structure on app.structure_people for select to mss_api, mss_worker using ((select app.scope()) = 'structure' and structure_id = (select app.structure_id()));
create policy person on app.invitations for select to mss_api, mss_worker using ((select app.scope()) = 'person' and person_id = (select app.person_id()));
drop policy structure_read on app.people;
create policy structure_read on app.people for select to mss_api, mss_worker using ((select app.scope()) = 'structure'
  and exists (select from app.structure_people r where r.structure_id = (select app.structure_id()) and r.person_id = people.id));

grant select, insert, update (status, decided_at) on app.invitations to mss_api, mss_worker;
grant select, insert, update (status, ended_at, due_at, reason) on app.departures to mss_api, mss_worker;
grant select, insert, update (name, description, scopes, status, expires_at, version, updated_at) on app.service_accounts to mss_api, mss_worker;
grant select, insert, update (last_used_at, revoked_at) on app.service_account_keys to mss_api, mss_worker;
grant select, insert, update, delete on app.structure_people to mss_api, mss_worker;

-- Services act too: actor_person_id then holds the service account; and they repeat their requests like everybody.
alter table app.audit_events drop constraint audit_events__actor_kind,
  add constraint audit_events__actor_kind check (actor_kind in ('person', 'service', 'system', 'anonymous'));
alter table app.idempotency_keys drop constraint idempotency_keys_person_id_fkey;

-- Those who are known already. The owner passes the policies for the length of this migration.
do $$ declare t text; tables text[] := array['people','memberships','mailbox_members','mailboxes','addresses','invitations','structure_people']; begin
  foreach t in array tables loop execute format('alter table app.%I no force row level security', t); end loop;
  perform app.refresh_structure_person(k.structure_id, k.person_id) from (
    select structure_id, person_id from app.memberships
    union select structure_id, person_id from app.mailbox_members
    union select b.structure_id, p.id from app.mailboxes b join app.people p on p.id_nat_ps = b.holder_id_nat_ps) k;
  foreach t in array tables loop execute format('alter table app.%I force row level security', t); end loop;
end $$;
