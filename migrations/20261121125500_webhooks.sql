-- Why: a structure's own software is told what happens in it (signed HTTPS calls), without asking again and again. The events are the
-- structure's audit trail, read in order of its chain: a number that is passed was delivered to the queue, none is passed twice.
-- Locks: none that matter (new tables, a trigger on app.audit_heads).

create table app.webhooks (
  structure_id uuid not null references app.structures (id),
  id uuid not null default gen_random_uuid(),
  url text not null constraint webhooks__url_form check (char_length(url) <= 2048 and url ~ '^https?://'),
  -- Acts that are told; null = all of them.
  events text[],
  -- `whsec_` and 32 bytes in base64. Written by the API, read by the worker alone.
  secret text not null,
  status text not null default 'active' constraint webhooks__status check (status in ('active', 'disabled')),
  disabled_at timestamptz,
  -- Since when every call has failed; null after a success.
  failing_since timestamptz,
  -- The last number of the structure's chain that was looked at.
  last_seq bigint not null default 0,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (structure_id, id),
  constraint webhooks__disabled_at check ((status = 'disabled') = (disabled_at is not null))
);

create table app.webhook_deliveries (
  structure_id uuid not null,
  id uuid not null default gen_random_uuid(),
  webhook_id uuid not null,
  -- Number in the structure's chain; null for a test.
  seq bigint,
  event text not null,
  -- Ids and the act's name, nothing else.
  body text not null,
  status text not null default 'pending' constraint webhook_deliveries__status check (status in ('pending', 'delivered', 'failed')),
  attempts integer not null default 0,
  response_status integer,
  error text constraint webhook_deliveries__error_length check (char_length(error) <= 100),
  created_at timestamptz not null default now(),
  next_attempt_at timestamptz,
  delivered_at timestamptz,
  primary key (structure_id, id),
  constraint webhook_deliveries__seq unique (structure_id, webhook_id, seq),
  constraint webhook_deliveries__webhook foreign key (structure_id, webhook_id) references app.webhooks (structure_id, id) on delete cascade,
  constraint webhook_deliveries__end check ((status = 'delivered') = (delivered_at is not null))
);
create index webhook_deliveries__created_at on app.webhook_deliveries (structure_id, webhook_id, created_at desc, id desc);
create index webhook_deliveries__old on app.webhook_deliveries (created_at) where status <> 'pending';

-- A delivery that has ended does not begin again; a webhook and a delivery stay where they are.
create function app.keep_webhook_delivery() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if old.status <> 'pending' and new.status <> old.status then
    raise exception 'a webhook delivery that is % does not become %', old.status, new.status using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger webhook_deliveries__state before update on app.webhook_deliveries for each row execute function app.keep_webhook_delivery();

-- The chain's end has moved: the structure's webhooks have something to look at. One waiting job per structure.
create function app.tell_webhooks() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from app.webhooks w where w.structure_id = new.chain_id and w.status = 'active') then
    perform jobs.enqueue('dispatch-webhooks', json_build_object('structureId', new.chain_id), 'webhooks:' || new.chain_id);
  end if;
  return null;
end $$;
revoke all on function app.tell_webhooks() from public;
create trigger audit_heads__tell_webhooks after update on app.audit_heads for each row when (new.seq > old.seq) execute function app.tell_webhooks();

do $$ declare t text; begin
  foreach t in array array['webhooks', 'webhook_deliveries'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy system on app.%I to mss_api, mss_worker using ((select app.scope()) in (''system'', ''operator'')) with check ((select app.scope()) in (''system'', ''operator''))', t);
    execute format('create policy structure on app.%I to mss_api, mss_worker using ((select app.scope()) = ''structure'' and structure_id = (select app.structure_id())) with check ((select app.scope()) = ''structure'' and structure_id = (select app.structure_id()))', t);
  end loop;
end $$;
create policy tell on app.webhooks for select to current_user using (true);
-- The API never reads a secret back.
grant select (structure_id, id, url, events, status, disabled_at, failing_since, last_seq, version, created_at, updated_at), insert,
  update (url, events, status, disabled_at, failing_since, last_seq, version, updated_at), delete on app.webhooks to mss_api;
grant select, update (status, disabled_at, failing_since, last_seq, version, updated_at) on app.webhooks to mss_worker;
grant select, insert on app.webhook_deliveries to mss_api;
grant select, insert, update (status, attempts, response_status, error, next_attempt_at, delivered_at), delete on app.webhook_deliveries to mss_worker;
