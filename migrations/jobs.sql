-- Run by scripts/migrate.ts as mss_worker, after the queue library (graphile-worker) has made its own schema. Repeatable.
-- Why: the queue's tables belong to the worker's role alone; the API adds a job inside its own transaction through this function.
create or replace function jobs.enqueue(kind text, payload json, key text default null, run_at timestamptz default null) returns void
  language sql security definer set search_path = pg_catalog, pg_temp as $$
  select graphile_worker.add_job(identifier => kind, payload => payload, job_key => key, run_at => run_at, max_attempts => 25)
$$;
revoke all on function jobs.enqueue(text, json, text, timestamptz) from public;
grant usage on schema jobs to mss_api, mss_worker, mss_owner;
-- mss_owner: its triggers add jobs too (app.tell_webhooks).
grant execute on function jobs.enqueue(text, json, text, timestamptz) to mss_api, mss_worker, mss_owner;
