-- Why: boxes that nobody opens any more: their holder is noticed, may object ("je garde ma boîte"), else the box leaves the directory
-- and is closed. Delays are settings (CNIL AU-037: one year at most, always after a notice; the rest is not established).
-- Locks: app.mailboxes exclusively while a column without default is added (milliseconds).

alter table app.mailboxes add column depublished_at timestamptz;

-- What a structure has settled for itself; the operator's configuration holds where there is no row.
create table app.inactivity_settings (
  structure_id uuid primary key references app.structures (id),
  notice_after_days integer not null constraint inactivity_settings__notice_range check (notice_after_days between 1 and 3650),
  objection_days integer not null constraint inactivity_settings__objection_range check (objection_days between 1 and 365),
  -- Counted from the notice, as is the closing.
  depublish_after_days integer not null,
  close_after_days integer not null,
  -- The daily job starts campaigns by itself.
  is_automatic boolean not null default false,
  version bigint not null default 1,
  updated_at timestamptz not null default now(),
  -- Nothing happens before the time to object is over.
  constraint inactivity_settings__order check (objection_days <= depublish_after_days and depublish_after_days <= close_after_days and close_after_days <= 3650)
);

create table app.inactivity_campaigns (
  structure_id uuid not null references app.structures (id),
  id uuid not null default gen_random_uuid(),
  state text not null default 'running' constraint inactivity_campaigns__state check (state in ('running', 'ended', 'cancelled')),
  notice_after_days integer not null,
  objection_days integer not null,
  depublish_after_days integer not null,
  close_after_days integer not null,
  started_by_kind text not null,
  started_by_id uuid,
  started_by_label text not null default '',
  started_at timestamptz not null default now(),
  ended_at timestamptz,
  version bigint not null default 1,
  primary key (structure_id, id),
  constraint inactivity_campaigns__id unique (id),
  constraint inactivity_campaigns__ended check ((state = 'running') = (ended_at is null))
);
create unique index inactivity_campaigns__running on app.inactivity_campaigns (structure_id) where state = 'running';

-- One box in a campaign. Its dates stand only once the notice has been delivered: the time to object begins then.
create table app.inactivity_cases (
  structure_id uuid not null,
  campaign_id uuid not null,
  mailbox_id uuid not null,
  state text not null default 'pending' constraint inactivity_cases__state check (state in ('pending', 'noticed', 'objected', 'returned', 'depublished', 'closing', 'dropped')),
  last_active_at timestamptz not null,
  noticed_at timestamptz,
  object_until timestamptz,
  depublish_at timestamptz,
  close_at timestamptz,
  decided_at timestamptz,
  objected_by uuid references app.people (id),
  primary key (structure_id, campaign_id, mailbox_id),
  constraint inactivity_cases__campaign foreign key (structure_id, campaign_id) references app.inactivity_campaigns (structure_id, id),
  constraint inactivity_cases__mailbox foreign key (structure_id, mailbox_id) references app.mailboxes (structure_id, id),
  constraint inactivity_cases__noticed check (state in ('pending', 'dropped', 'returned') or (noticed_at is not null and object_until is not null and depublish_at is not null and close_at is not null))
);
create unique index inactivity_cases__open on app.inactivity_cases (structure_id, mailbox_id) where state in ('pending', 'noticed', 'depublished');
create index inactivity_cases__due on app.inactivity_cases (depublish_at) where state in ('noticed', 'depublished');

-- pending → noticed → objected | returned | depublished → objected | returned | closing; dropped when the campaign or the box ends.
create function app.inactivity_cases_state() returns trigger language plpgsql as $$
begin
  if new.state <> old.state and not (old.state || '→' || new.state = any (array['pending→noticed', 'pending→returned', 'pending→dropped',
    'noticed→objected', 'noticed→returned', 'noticed→depublished', 'noticed→dropped',
    'depublished→objected', 'depublished→returned', 'depublished→closing', 'depublished→dropped'])) then
    raise exception 'an inactive mailbox cannot go from % to %', old.state, new.state using errcode = 'check_violation', constraint = 'inactivity_cases__state_order';
  end if;
  return new;
end $$;
create trigger inactivity_cases_state before update of state on app.inactivity_cases for each row execute function app.inactivity_cases_state();

do $$ declare t text; begin
  foreach t in array array['inactivity_settings', 'inactivity_campaigns', 'inactivity_cases'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy system on app.%I to mss_api, mss_worker using ((select app.scope()) in (''system'', ''operator'')) with check ((select app.scope()) in (''system'', ''operator''))', t);
    execute format('create policy structure on app.%I to mss_api, mss_worker using ((select app.scope()) = ''structure'' and structure_id = (select app.structure_id())) with check ((select app.scope()) = ''structure'' and structure_id = (select app.structure_id()))', t);
  end loop;
end $$;
-- A person sees the notices of the boxes that he may open.
create policy person on app.inactivity_cases for select to mss_api, mss_worker using ((select app.scope()) = 'person'
  and exists (select from app.mailboxes b where b.structure_id = inactivity_cases.structure_id and b.id = inactivity_cases.mailbox_id));
grant select, insert, update on app.inactivity_settings, app.inactivity_campaigns, app.inactivity_cases to mss_api, mss_worker;
