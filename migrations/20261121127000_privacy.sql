-- Why: RGPD. The charter (CGU) in versions with the proof of who accepted which; consents; exports of what is kept of a person or
-- in a box; erasure as a dated plan whose steps say what is erased, what is kept, until when and by which law.
-- Locks: none, the tables are new.

create table app.charters (
  id uuid primary key default gen_random_uuid(),
  -- Order of publication: the last one is in force.
  number bigint not null generated always as identity,
  -- The operator's own numbering, e.g. 2026-11.
  version_label text not null constraint charters__version_label_length check (char_length(version_label) between 1 and 40),
  title text not null constraint charters__title_length check (char_length(title) between 1 and 200),
  -- Plain text; what was accepted is proved by its SHA-256.
  text text not null constraint charters__text_length check (char_length(text) between 1 and 100000),
  sha256 bytea not null,
  published_at timestamptz not null,
  constraint charters__version_label unique (version_label)
);
create unique index charters__number on app.charters (number);

create table app.charter_acceptances (
  person_id uuid not null references app.people (id),
  charter_id uuid not null references app.charters (id),
  accepted_at timestamptz not null,
  -- What was shown, and how the person had signed in.
  sha256 bytea not null,
  acr text,
  primary key (person_id, charter_id)
);

-- Only grows: the last row of a purpose counts, the others prove what held before.
create table app.consents (
  person_id uuid not null references app.people (id),
  id bigint generated always as identity,
  purpose text not null constraint consents__purpose check (purpose in ('service-news', 'satisfaction-survey')),
  is_given boolean not null,
  decided_at timestamptz not null,
  primary key (person_id, id)
);
create index consents__purpose on app.consents (person_id, purpose, id desc);

create table app.exports (
  id uuid primary key default gen_random_uuid(),
  kind text not null constraint exports__kind check (kind in ('person', 'mailbox')),
  requested_by uuid not null references app.people (id),
  -- Of whom, for a person; of which box, for a box.
  person_id uuid references app.people (id),
  structure_id uuid,
  mailbox_id uuid,
  -- Whether the mail itself goes into the archive.
  has_mail boolean not null default true,
  reason text not null default '' constraint exports__reason_length check (char_length(reason) <= 255),
  status text not null default 'queued' constraint exports__status check (status in ('queued', 'running', 'ready', 'failed', 'expired')),
  failure text,
  -- Messages: how many are in the archive of how many.
  done_count integer not null default 0,
  total_count integer,
  size_bytes bigint,
  sha256 bytea,
  created_at timestamptz not null,
  ready_at timestamptz,
  expires_at timestamptz,
  constraint exports__subject check ((kind = 'person') = (person_id is not null) and (kind = 'mailbox') = (mailbox_id is not null)),
  constraint exports__mailbox foreign key (structure_id, mailbox_id) references app.mailboxes (structure_id, id),
  constraint exports__ready check (status <> 'ready' or (size_bytes is not null and sha256 is not null and expires_at is not null))
);
create index exports__requested_by on app.exports (requested_by, created_at desc);
create index exports__mailbox_id on app.exports (structure_id, mailbox_id) where mailbox_id is not null;
create unique index exports__running_person on app.exports (person_id) where kind = 'person' and status in ('queued', 'running');
create unique index exports__running_mailbox on app.exports (mailbox_id) where kind = 'mailbox' and status in ('queued', 'running');

create table app.erasures (
  id uuid primary key default gen_random_uuid(),
  person_id uuid not null references app.people (id),
  requested_by uuid not null references app.people (id),
  reason text not null constraint erasures__reason_length check (char_length(reason) between 1 and 255),
  status text not null default 'planned' constraint erasures__status check (status in ('planned', 'running', 'done', 'cancelled')),
  version bigint not null default 1,
  created_at timestamptz not null,
  ended_at timestamptz,
  constraint erasures__ended check ((status in ('done', 'cancelled')) = (ended_at is not null))
);
create unique index erasures__open on app.erasures (person_id) where status in ('planned', 'running');

create table app.erasure_steps (
  erasure_id uuid not null references app.erasures (id),
  -- Name of the category in the data map (api/privacy/data-map.ts).
  category text not null,
  act text not null constraint erasure_steps__act check (act in ('erase', 'keep')),
  -- When it is erased; null = kept without end, and the ground says why.
  due_at timestamptz,
  ground text not null,
  done_at timestamptz,
  primary key (erasure_id, category)
);
create index erasure_steps__due_at on app.erasure_steps (due_at) where done_at is null and due_at is not null;

do $$ declare t text; begin
  foreach t in array array['charters','charter_acceptances','consents','exports','erasures','erasure_steps'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy system on app.%I to mss_api, mss_worker using ((select app.scope()) in (''system'', ''operator'')) with check ((select app.scope()) in (''system'', ''operator''))', t);
  end loop;
  foreach t in array array['charter_acceptances','consents'] loop
    execute format('create policy person on app.%I to mss_api, mss_worker using ((select app.scope()) = ''person'' and person_id = (select app.person_id())) with check ((select app.scope()) = ''person'' and person_id = (select app.person_id()))', t);
  end loop;
end $$;
create policy everyone on app.charters for select to mss_api, mss_worker using ((select app.scope()) in ('structure', 'person'));
-- Who asked for an archive gets it, and nobody else: it holds content.
create policy person on app.exports to mss_api, mss_worker using ((select app.scope()) = 'person' and requested_by = (select app.person_id()))
  with check ((select app.scope()) = 'person' and requested_by = (select app.person_id()) and person_id = (select app.person_id()));
create policy person on app.erasures for select to mss_api, mss_worker using ((select app.scope()) = 'person' and person_id = (select app.person_id()));
create policy person on app.erasure_steps for select to mss_api, mss_worker using ((select app.scope()) = 'person'
  and exists (select from app.erasures e where e.id = erasure_steps.erasure_id));

-- Proof only grows.
grant select, insert on app.charters, app.charter_acceptances, app.consents to mss_api, mss_worker;
grant select, insert, update on app.exports, app.erasures, app.erasure_steps to mss_api, mss_worker;
-- Erasure of a person (by the worker's dated steps) takes these away.
grant delete on app.consents, app.charter_acceptances to mss_worker;
