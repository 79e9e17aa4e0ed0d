-- Why: what is shown of the people of a page stands in five tables; with their policies these cost more to plan than to read (1.2 of
-- 2.7 ms, load/people-search). A function's plan is kept by the connection.
-- Locks: none that matter.
create index departures__person on app.departures (person_id);

-- One line for each of these people that the caller may see: within one structure, or everywhere when `structure` is null. Runs as who
-- calls it, under the policies: it shows nothing by itself.
create function app.people_cards(ids uuid[], structure uuid, at timestamptz)
returns table (id uuid, id_nat_ps text, given_name text, family_name text, created_at timestamptz, last_signed_in_at timestamptz,
  status text, roles json, mailboxes json, invitation json, departure json)
stable language plpgsql set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query select person.id, person.id_nat_ps, person.given_name, person.family_name, person.created_at, person.last_signed_in_at,
      case when person.status = 'suspended' then 'suspended'
        when structure is not null and departed.departure ->> 'status' = 'done' and given.roles::text = '[]' then 'departed'
        when person.subject is null then 'invited' else 'active' end,
      given.roles,
      (select coalesce(json_agg(json_build_object('id', b.id, 'address', b.address) order by b.type <> 'PER', b.address), '[]')
        from app.mailboxes b where b.status <> 'closed' and (structure is null or b.structure_id = structure)
          and (b.holder_id_nat_ps = person.id_nat_ps
            or b.id = any(array(select m.mailbox_id from app.mailbox_members m where m.person_id = person.id)))),
      (select json_build_object('id', i.id, 'role', i.role, 'expiresAt', i.expires_at,
          'status', case when i.expires_at > at then 'pending' else 'expired' end)
        from app.invitations i where i.person_id = person.id and i.status = 'pending' and (structure is null or i.structure_id = structure)
        order by i.expires_at desc limit 1),
      departed.departure
    from app.people person
    cross join lateral (select coalesce(json_agg(json_build_object('structureId', r.structure_id, 'role', r.role)
        order by r.structure_id, r.role), '[]') as roles from (
      select m.structure_id, m.role from app.memberships m
       where m.person_id = person.id and (structure is null or m.structure_id = structure)
      union all select null, o.role from app.operator_roles o where o.person_id = person.id and structure is null) r) given
    left join lateral (select json_build_object('status', d.status, 'dueAt', d.due_at, 'reason', d.reason) as departure
      from app.departures d where d.person_id = person.id and d.status <> 'cancelled' and (structure is null or d.structure_id = structure)
      order by d.created_at desc limit 1) departed on true
    where person.id = any(ids);
end $$;
