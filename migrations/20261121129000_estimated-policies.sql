-- Why: the planner takes a scope's comparison for a filter that keeps one row in a hundred, and so reads and sorts a whole structure
-- where an index in the right order would stop after a page. It supposes nothing of a CASE (half of the rows): the plan is then
-- the one that would be chosen without policies (load/row-security). Who sees what stays the same.
-- And it opens each function of the scope's settings anew for every statement (20 microseconds of the 45 that policies take to be
-- planned): the policies now read the settings themselves, in the same words.
-- Locks: the tables exclusively, for a moment each (policies only).
do $$ declare p record; rule text; begin
  for p in select tablename, policyname, cmd, with_check is not null as writes
             from pg_policies where schemaname = 'app' and policyname = 'structure'
              -- The plain form, whatever its key is called.
              and regexp_replace(qual, '\s+', ' ', 'g') ~ '^\(\(\( SELECT app\.scope\(\) AS scope\) = ''structure''::text\) AND \((structure_id|id) = \( SELECT app\.structure_id\(\) AS structure_id\)\)\)$'
  loop
    rule := format('case when (select app.scope()) = ''structure'' then %I = (select app.structure_id()) else false end',
      case when p.tablename = 'structures' then 'id' else 'structure_id' end);
    execute format('alter policy structure on app.%I using (%s)%s', p.tablename, rule,
      case when p.writes then format(' with check (%s)', rule) else '' end);
  end loop;
end $$;
alter policy structure_read on app.people using (case when (select app.scope()) = 'structure' then
  exists (select from app.structure_people r where r.structure_id = (select app.structure_id()) and r.person_id = people.id) else false end);

do $$ declare p record;
begin
  for p in select tablename, policyname,
      replace(replace(replace(qual, 'app.scope()', 'current_setting(''app.scope'', true)'),
        'app.structure_id()', 'nullif(current_setting(''app.structure_id'', true), '''')::uuid'),
        'app.person_id()', 'nullif(current_setting(''app.person_id'', true), '''')::uuid') as qual,
      replace(replace(replace(with_check, 'app.scope()', 'current_setting(''app.scope'', true)'),
        'app.structure_id()', 'nullif(current_setting(''app.structure_id'', true), '''')::uuid'),
        'app.person_id()', 'nullif(current_setting(''app.person_id'', true), '''')::uuid') as with_check
    from pg_policies where schemaname = 'app' and qual ~ 'app\.(scope|structure_id|person_id)\(\)'
  loop
    execute format('alter policy %I on app.%I using (%s)%s', p.policyname, p.tablename, p.qual,
      case when p.with_check is not null then format(' with check (%s)', p.with_check) else '' end);
  end loop;
end $$;
