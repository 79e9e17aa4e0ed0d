-- Why: the life of a box. What the directory of the ANS wants to know of it; its aliases at hand; closing with a time in which the
-- mail is kept and the box can be opened again; moving to another structure; delegations with dates; when it was last opened.
-- Locks: app.mailboxes and app.addresses exclusively while columns are added and each box's search text is written once; a few
-- seconds at 100 000 boxes.

-- What is compared in a search: without accents, in lower case.
create function app.fold(value text) returns text immutable parallel safe strict language sql as
  $$ select lower(regexp_replace(normalize(value, NFD), '[\u0300-\u036f]', '', 'g')) $$;
revoke all on function app.fold(text) from public;
grant execute on function app.fold(text) to mss_api, mss_worker;

alter table app.mailboxes
  drop constraint mailboxes__status,
  add constraint mailboxes__status check (status in ('active', 'suspended', 'closing', 'closed')),
  -- BoiteLettreMSS of the ANS: listeRouge, rank of the preferred box (1 = highest), telephone, dematerialisation.
  add column red_list boolean not null default false,
  add column preferred_rank integer constraint mailboxes__preferred_rank_range check (preferred_rank between 1 and 99),
  add column phone text not null default '' constraint mailboxes__phone_length check (char_length(phone) <= 32),
  add column dematerialisation boolean not null default false,
  -- Addresses in use beside the own one, in order. Kept by a trigger on app.addresses and by nothing else.
  add column aliases text[] not null default '{}',
  -- The last time a holder or member opened it, to the hour (touchLastAuthenticated).
  add column last_authenticated_at timestamptz,
  -- As the mail server said it last; null = never.
  add column used_bytes bigint,
  -- Closing: since when and why; from purge_at on the mail is destroyed. A box that is opened again loses them.
  add column closing_reason text,
  add column closing_at timestamptz,
  add column purge_at timestamptz,
  add column closed_at timestamptz,
  -- A move closes the row of the one structure and makes a row in the other.
  add column moved_to_address text,
  add column moved_from_address text,
  -- When the mail server gave the account its new name. Until then the row stands in no view: a mail for the new address would
  -- make a second, empty account.
  add column moved_at timestamptz,
  add column search_text text not null default '',
  add constraint mailboxes__closing check (status <> 'closing' or (closing_at is not null and purge_at is not null)),
  add constraint mailboxes__moved_to check (moved_to_address is null or status = 'closed'),
  add constraint mailboxes__moved_at check (moved_at is null or moved_from_address is not null);

-- The state machine (docs/mailbox-states.md, api/mailboxes/mailbox-states.ts) and what never changes of a box.
create function app.mailboxes_state() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    if (old.structure_id, old.id, old.domain_id, old.address, old.type) is distinct from (new.structure_id, new.id, new.domain_id, new.address, new.type) then
      raise exception 'mailbox %: structure, domain, address and type never change', old.id using errcode = 'check_violation', constraint = 'mailboxes__fixed';
    end if;
    if new.status <> old.status and not (
      old.status || '→' || new.status = any (array['active→suspended', 'suspended→active', 'active→closing', 'suspended→closing',
        'closing→active', 'closing→suspended', 'closing→closed'])
      or (old.status in ('active', 'suspended') and new.status = 'closed' and new.moved_to_address is not null)) then
      raise exception 'mailbox %: cannot go from % to %', old.id, old.status, new.status using errcode = 'check_violation', constraint = 'mailboxes__state_order';
    end if;
  end if;
  if new.status = 'closed' then new.closed_at := coalesce(new.closed_at, now()); end if;
  new.search_text := app.fold(concat_ws(' ', new.address, new.display_name, new.description, new.service, new.responsible,
    array_to_string(new.aliases, ' ')));
  return new;
end $$;
create trigger mailboxes_state before insert or update on app.mailboxes for each row execute function app.mailboxes_state();

-- An address that is closed stays so, and nobody is given it again.
create function app.keep_closed_address() returns trigger language plpgsql as $$
begin
  raise exception 'an address never goes from % to %', old.kind, new.kind using errcode = 'check_violation', constraint = 'addresses__kind_order';
end $$;
create trigger addresses__kind_order before update on app.addresses for each row
  when (old.kind <> new.kind and new.kind <> 'closed') execute function app.keep_closed_address();

create function app.note_aliases() returns trigger language plpgsql as $$
begin
  update app.mailboxes b set aliases = (select coalesce(array_agg(a.address order by a.address), '{}') from app.addresses a
      where a.structure_id = new.structure_id and a.mailbox_id = new.mailbox_id and a.kind = 'alias')
   where b.structure_id = new.structure_id and b.id = new.mailbox_id;
  return null;
end $$;
create trigger addresses__new_alias after insert on app.addresses for each row when (new.kind = 'alias') execute function app.note_aliases();
create trigger addresses__closed_alias after update of kind on app.addresses for each row when (old.kind = 'alias') execute function app.note_aliases();

-- A closed box closes its addresses.
create function app.close_addresses() returns trigger language plpgsql as $$
begin
  update app.addresses set kind = 'closed' where structure_id = new.structure_id and mailbox_id = new.id and kind <> 'closed';
  return null;
end $$;
create trigger mailboxes__close_addresses after update of status on app.mailboxes for each row
  when (old.status <> 'closed' and new.status = 'closed') execute function app.close_addresses();

-- The boxes that were there before. The owner of the tables sees no line under forced row-level security: it is lifted for this.
alter table app.mailboxes no force row level security;
alter table app.addresses no force row level security;
update app.mailboxes b set
  aliases = (select coalesce(array_agg(a.address order by a.address), '{}') from app.addresses a
              where a.structure_id = b.structure_id and a.mailbox_id = b.id and a.kind = 'alias'),
  closed_at = case when status = 'closed' then updated_at end;
update app.addresses a set kind = 'closed' from app.mailboxes b
 where b.structure_id = a.structure_id and b.id = a.mailbox_id and b.status = 'closed' and a.kind <> 'closed';
alter table app.addresses force row level security;
alter table app.mailboxes force row level security;
alter table app.mailboxes add constraint mailboxes__closed check ((status = 'closed') = (closed_at is not null));

create index mailboxes__structure_address on app.mailboxes (structure_id, address);
create index mailboxes__purge_at on app.mailboxes (purge_at) where status = 'closing';

-- Delegations: what a person other than the holder and the members may do with a box, and for how long. ---------------------------
create table app.mailbox_delegations (
  structure_id uuid not null,
  id uuid not null default gen_random_uuid(),
  mailbox_id uuid not null,
  person_id uuid not null references app.people (id),
  may_read boolean not null,
  may_write boolean not null,
  may_send_as boolean not null,
  may_send_on_behalf boolean not null,
  may_manage boolean not null,
  starts_at timestamptz not null,
  ends_at timestamptz,
  revoked_at timestamptz,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (structure_id, id),
  constraint mailbox_delegations__id unique (id),
  constraint mailbox_delegations__mailbox foreign key (structure_id, mailbox_id) references app.mailboxes (structure_id, id),
  constraint mailbox_delegations__dates check (ends_at > starts_at),
  constraint mailbox_delegations__something check (may_read or may_manage),
  -- A draft has to be written before it is sent, and a folder to be read before it is written into.
  constraint mailbox_delegations__order check ((may_read or not may_write) and (may_write or not (may_send_as or may_send_on_behalf)))
);
-- One that is in force, or will be, per person and box.
create unique index mailbox_delegations__person on app.mailbox_delegations (structure_id, mailbox_id, person_id) where revoked_at is null;
create index mailbox_delegations__person_id on app.mailbox_delegations (person_id) where revoked_at is null;

create function app.keep_revoked() returns trigger language plpgsql as $$
begin
  raise exception 'delegation % is revoked for good', old.id using errcode = 'check_violation', constraint = 'mailbox_delegations__revoked';
end $$;
create trigger mailbox_delegations__revoked before update on app.mailbox_delegations for each row
  when (old.revoked_at is not null) execute function app.keep_revoked();

alter table app.mailbox_delegations enable row level security;
alter table app.mailbox_delegations force row level security;
create policy system on app.mailbox_delegations to mss_api, mss_worker using ((select app.scope()) in ('system', 'operator')) with check ((select app.scope()) in ('system', 'operator'));
create policy structure on app.mailbox_delegations to mss_api, mss_worker using ((select app.scope()) = 'structure' and structure_id = (select app.structure_id())) with check ((select app.scope()) = 'structure' and structure_id = (select app.structure_id()));
-- A person sees what is in force for him, and nothing before or after.
create policy person on app.mailbox_delegations for select to mss_api, mss_worker using ((select app.scope()) = 'person' and person_id = (select app.person_id())
  and revoked_at is null and starts_at <= now() and (ends_at is null or ends_at > now()));
grant select, insert, update on app.mailbox_delegations to mss_api, mss_worker;

drop policy person on app.mailboxes;
create policy person on app.mailboxes for select to mss_api, mss_worker using ((select app.scope()) = 'person' and (
  holder_id_nat_ps = (select p.id_nat_ps from app.people p where p.id = (select app.person_id()))
  or exists (select from app.mailbox_members m where m.structure_id = mailboxes.structure_id and m.mailbox_id = mailboxes.id and m.person_id = (select app.person_id()))
  or exists (select from app.mailbox_delegations d where d.structure_id = mailboxes.structure_id and d.mailbox_id = mailboxes.id and d.person_id = (select app.person_id()))));

-- A box that is on its way from another structure stands in no view of the mail server until its account has its new name.
grant mail_directory_owner to current_user;
create or replace view mail_directory.address as
  select a.address, b.address as name, b.client_secret_hash as secret, coalesce(nullif(b.display_name, ''), b.address) as description
    from app.addresses a
    join app.mailboxes b on b.structure_id = a.structure_id and b.id = a.mailbox_id
    join app.domains d on d.structure_id = b.structure_id and d.id = b.domain_id
    join app.structures s on s.id = b.structure_id
   where a.kind in ('main', 'alias') and b.status = 'active' and d.status = 'active' and s.status = 'active'
     and (b.moved_from_address is null or b.moved_at is not null);
revoke mail_directory_owner from current_user;
