-- Why: batches: many boxes made, changed, suspended or closed by one file or one selection, with a dry run before, and a way back.
-- A batch and its lines belong to one structure. The worker checks and runs them in chunks; each line carries what became of it,
-- written in the same transaction as the change itself, so that a worker killed in between does nothing twice.
-- Locks: none that matter (new tables).

create table app.batches (
  structure_id uuid not null references app.structures (id),
  id uuid not null default gen_random_uuid(),
  source text not null constraint batches__source check (source in ('csv', 'selection')),
  -- The one act of a selection; a file says its act line by line.
  action text not null default 'import' constraint batches__action check (action in ('import', 'suspend', 'resume', 'close', 'change')),
  reason text not null default '' constraint batches__reason_length check (char_length(reason) <= 500),
  state text not null default 'checking' constraint batches__state check (state in ('checking', 'ready', 'running', 'done', 'undoing', 'undone', 'abandoned')),
  line_count integer not null constraint batches__line_count check (line_count >= 0),
  -- In whose name the lines are run: the trail of each box names him, not the worker.
  created_by_kind text not null constraint batches__created_by_kind check (created_by_kind in ('person', 'system', 'service')),
  created_by_id uuid,
  created_by_label text not null default '',
  acting_kind text constraint batches__acting_kind check (acting_kind in ('person', 'system', 'service')),
  acting_id uuid,
  acting_label text,
  acting_request_id text,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  checked_at timestamptz,
  run_at timestamptz,
  finished_at timestamptz,
  primary key (structure_id, id),
  constraint batches__id unique (id)
);
create index batches__created_at on app.batches (structure_id, created_at desc, id);

create table app.batch_lines (
  structure_id uuid not null,
  batch_id uuid not null,
  -- Line of the file (the header is 1), or place in the selection.
  line integer not null constraint batch_lines__line check (line > 0),
  -- The cells as they were sent or corrected: column → text.
  fields jsonb not null,
  -- Addresses that the line would take, for the search of lines that take the same.
  claims jsonb not null default '[]',
  address text not null default '',
  -- What the dry run found.
  state text not null default 'unchecked' constraint batch_lines__state check (state in ('unchecked', 'create', 'change', 'close', 'suspend', 'resume', 'reopen', 'unchanged', 'error')),
  errors jsonb not null default '[]',
  -- Only the fields that differ; `before` is rewritten from the locked row when the line runs.
  before jsonb,
  after jsonb,
  -- No foreign key: a box may move to another structure, and this line tells what was done here.
  mailbox_id uuid,
  -- The version that the dry run saw; after the run, the one that the run made.
  mailbox_version bigint,
  -- What became of it.
  outcome text constraint batch_lines__outcome check (outcome in ('done', 'failed', 'undone', 'kept')),
  updated_at timestamptz not null default now(),
  primary key (structure_id, batch_id, line),
  constraint batch_lines__batch foreign key (structure_id, batch_id) references app.batches (structure_id, id) on delete cascade,
  -- A line that was never found good cannot have been run.
  constraint batch_lines__run check (outcome is null or outcome = 'failed' or (mailbox_id is not null and state not in ('unchecked', 'error', 'unchanged')))
);
create index batch_lines__waiting on app.batch_lines (structure_id, batch_id, line) where outcome is null;
create index batch_lines__address on app.batch_lines (structure_id, batch_id, address);

-- checking → ready → running → done → undoing → undone. A line corrected after the run makes a batch run again; a check may be
-- asked for again; what has not run can be abandoned. An undone or abandoned batch stays as it is.
create function app.batches_state() returns trigger language plpgsql as $$
begin
  if new.state <> old.state and not (old.state || '→' || new.state = any (array[
    'checking→ready', 'ready→checking', 'done→checking', 'checking→done', 'ready→running', 'done→running', 'running→done', 'done→undoing', 'undoing→undone',
    'checking→abandoned', 'ready→abandoned'])) then
    raise exception 'a batch cannot go from % to %', old.state, new.state using errcode = 'check_violation', constraint = 'batches__state_order';
  end if;
  return new;
end $$;
create trigger batches_state before update of state on app.batches for each row execute function app.batches_state();

-- Each line once: what is done is only ever undone (or kept, when somebody changed the box since), and neither begins again.
create function app.batch_lines_outcome() returns trigger language plpgsql as $$
begin
  if old.outcome is distinct from new.outcome and not (
    (old.outcome is null and new.outcome in ('done', 'failed')) or (old.outcome = 'failed' and new.outcome is null)
    or (old.outcome = 'done' and new.outcome in ('undone', 'kept'))) then
    raise exception 'a line cannot go from % to %', old.outcome, new.outcome using errcode = 'check_violation', constraint = 'batch_lines__outcome_order';
  end if;
  return new;
end $$;
create trigger batch_lines_outcome before update of outcome on app.batch_lines for each row execute function app.batch_lines_outcome();

do $$ declare t text; begin
  foreach t in array array['batches', 'batch_lines'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy system on app.%I to mss_api, mss_worker using ((select app.scope()) in (''system'', ''operator'')) with check ((select app.scope()) in (''system'', ''operator''))', t);
    execute format('create policy structure on app.%I to mss_api, mss_worker using ((select app.scope()) = ''structure'' and structure_id = (select app.structure_id())) with check ((select app.scope()) = ''structure'' and structure_id = (select app.structure_id()))', t);
  end loop;
end $$;
grant select, insert, update on app.batches, app.batch_lines to mss_api, mss_worker;
-- Lines hold names of people: the worker removes old batches whole.
grant delete on app.batches, app.batch_lines to mss_worker;
