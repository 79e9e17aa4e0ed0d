-- Why: structures get quotas with a count of their use, settings, a reseller (a structure that administers others) and an end;
-- domains can be suspended and closed.
-- Locks: app.structures, app.domains and app.mailboxes exclusively while columns are added (constants: no rewrite but for the
-- generated search column of structures, a few thousand rows) and the use is counted once; under a second at 100 000 boxes.

alter table app.structures
  -- The structure that administers this one, if any; one level only.
  add column reseller_id uuid constraint structures__reseller references app.structures (id),
  -- Whether it may administer others. Given by the operator.
  add column is_reseller boolean not null default false,
  -- null = no limit. What a reseller's quota holds counts for itself and its children together (api/tenancy/quota.ts).
  add column quota_mailboxes integer constraint structures__quota_mailboxes_range check (quota_mailboxes >= 0),
  -- Up to 2^53 - 1, which JSON can say.
  add column quota_bytes bigint constraint structures__quota_bytes_range check (quota_bytes between 0 and 9007199254740991),
  -- Boxes that are not closed, and the bytes promised to them. Kept by a trigger on app.mailboxes and by nothing else.
  add column used_mailboxes integer not null default 0 constraint structures__used_mailboxes_range check (used_mailboxes >= 0),
  add column used_bytes bigint not null default 0 constraint structures__used_bytes_range check (used_bytes >= 0),
  add column contact_name text not null default '' constraint structures__contact_name_length check (char_length(contact_name) <= 128),
  add column contact_email text not null default '' constraint structures__contact_email_length check (char_length(contact_email) <= 254),
  add column contact_phone text not null default '' constraint structures__contact_phone_length check (char_length(contact_phone) <= 32),
  add column app_passwords_allowed boolean not null default false,
  -- Two gibibytes: no rule says how much a box must hold.
  add column default_mailbox_quota_bytes bigint not null default 2147483648
    constraint structures__default_mailbox_quota_bytes_range check (default_mailbox_quota_bytes between 1048576 and 1099511627776),
  add column charter_accepted_at timestamptz,
  add column suspension_reason text,
  add column closed_at timestamptz,
  add column closing_reason text,
  -- What a search compares: without accents and in lower case, as the query is made (api/tenancy/structure-queries.ts).
  add column search_text text not null generated always as
    (lower(regexp_replace(normalize(name, NFD), '[\u0300-\u036f]', '', 'g')) || ' ' || lower(id_nat_struct)) stored,
  add constraint structures__reseller_is_another check (reseller_id <> id),
  add constraint structures__reseller_level check (not (is_reseller and reseller_id is not null)),
  -- The second lock on quotas: the code refuses first, with its problem (reserveMailboxQuota).
  add constraint structures__quota_mailboxes_held check (used_mailboxes <= quota_mailboxes),
  add constraint structures__quota_bytes_held check (used_bytes <= quota_bytes),
  add constraint structures__closed check ((status = 'closed') = (closed_at is not null)),
  add constraint structures__closed_is_empty check (status <> 'closed' or used_mailboxes = 0);
create index structures__reseller_id on app.structures (reseller_id) where reseller_id is not null;

alter table app.domains
  add column suspension_reason text,
  add column closed_at timestamptz,
  add column closing_reason text,
  add constraint domains__closed check ((status = 'closed') = (closed_at is not null));

-- Use ------------------------------------------------------------------------------------------------------------------------
-- The rights are the writer's own: his scope sees the structure in which it may write a box.
create function app.add_mailbox_use(structure uuid, boxes integer, bytes bigint) returns void language plpgsql as $$
begin
  update app.structures set used_mailboxes = used_mailboxes + boxes, used_bytes = used_bytes + bytes where id = structure;
  if not found then raise exception 'structure % is out of the scope of who writes its boxes', structure; end if;
end $$;

create function app.count_new_mailboxes() returns trigger language plpgsql as $$
begin
  perform app.add_mailbox_use(structure_id, count(*)::integer, sum(quota_bytes)::bigint)
     from added where status <> 'closed' group by structure_id order by structure_id;
  return null;
end $$;
create trigger mailboxes__count_new after insert on app.mailboxes referencing new table as added
  for each statement execute function app.count_new_mailboxes();

create function app.count_changed_mailbox() returns trigger language plpgsql as $$
declare
  before_boxes integer := (old.status <> 'closed')::integer;
  after_boxes integer := (new.status <> 'closed')::integer;
begin
  if old.structure_id = new.structure_id then
    perform app.add_mailbox_use(new.structure_id, after_boxes - before_boxes,
      after_boxes * new.quota_bytes - before_boxes * old.quota_bytes);
  else
    perform app.add_mailbox_use(old.structure_id, -before_boxes, -before_boxes * old.quota_bytes);
    perform app.add_mailbox_use(new.structure_id, after_boxes, after_boxes * new.quota_bytes);
  end if;
  return null;
end $$;
create trigger mailboxes__count_changed after update of status, quota_bytes, structure_id on app.mailboxes for each row
  when ((old.status = 'closed') <> (new.status = 'closed') or old.quota_bytes <> new.quota_bytes or old.structure_id <> new.structure_id)
  execute function app.count_changed_mailbox();

-- Boxes that were there before. The owner of the tables sees no line under forced row-level security: it is lifted for this statement.
alter table app.structures no force row level security;
alter table app.mailboxes no force row level security;
update app.structures s set used_mailboxes = n.boxes, used_bytes = n.bytes
  from (select structure_id, count(*)::integer as boxes, sum(quota_bytes)::bigint as bytes
          from app.mailboxes where status <> 'closed' group by structure_id) n
 where n.structure_id = s.id;
alter table app.structures force row level security;
alter table app.mailboxes force row level security;

-- States: active ⇄ suspended → closed, for both; what is closed stays so. --------------------------------------------------------
create function app.keep_closed() returns trigger language plpgsql as $$
begin
  raise exception '% % is closed for good', tg_table_name, old.id using errcode = 'check_violation';
end $$;
create trigger structures__keep_closed before update of status on app.structures for each row
  when (old.status = 'closed' and new.status <> 'closed') execute function app.keep_closed();
create trigger domains__keep_closed before update of status on app.domains for each row
  when (old.status = 'closed' and new.status <> 'closed') execute function app.keep_closed();

create function app.refuse_closing_used_domain() returns trigger language plpgsql as $$
begin
  if exists (select from app.mailboxes b where b.structure_id = new.structure_id and b.domain_id = new.id and b.status <> 'closed') then
    raise exception 'domain % has mailboxes that are not closed', new.id using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger domains__closed_is_empty before update of status on app.domains for each row
  when (old.status <> 'closed' and new.status = 'closed') execute function app.refuse_closing_used_domain();

-- Resellers --------------------------------------------------------------------------------------------------------------------
-- Only a scope that sees both rows may make one of the other: the operator's, or the platform's.
create function app.check_reseller() returns trigger language plpgsql as $$
begin
  if new.reseller_id is not null and (tg_op = 'INSERT' or new.reseller_id is distinct from old.reseller_id)
     and not exists (select from app.structures r where r.id = new.reseller_id and r.is_reseller and r.status <> 'closed') then
    raise exception 'structure % is no reseller', new.reseller_id using errcode = 'check_violation';
  end if;
  if tg_op = 'UPDATE' and ((old.is_reseller and not new.is_reseller) or (old.status <> 'closed' and new.status = 'closed'))
     and exists (select from app.structures c where c.reseller_id = new.id and c.status <> 'closed') then
    raise exception 'reseller % still administers structures', new.id using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger structures__reseller before insert or update of reseller_id, is_reseller, status on app.structures
  for each row execute function app.check_reseller();

-- A person who administers a reseller sees its children too.
drop policy person on app.structures;
create policy person on app.structures for select to mss_api, mss_worker using ((select app.scope()) = 'person' and (
  exists (select from app.mailboxes b where b.structure_id = structures.id) or exists (select from app.memberships m where m.structure_id = structures.id)
  or exists (select from app.memberships m where m.structure_id = structures.reseller_id and m.role = 'structure_administrator')));
