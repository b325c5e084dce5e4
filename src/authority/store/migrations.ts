import { MIGRATION_LOCK, type Sql } from "./database.js";

/**
 * The schema as a list of steps, each applied once, in order, in one transaction. A step that has been released is
 * never edited: a change is a new step at the end.
 */
const MIGRATIONS: readonly string[] = [
  `
  create table authority (
    only_row boolean primary key default true check (only_row),
    name text not null,
    region text
  );

  -- Public halves; the private ones are files. A root signs trust lists, a status key status snapshots.
  create table keys (
    kid bytea primary key check (length(kid) = 8),
    use text not null check (use in ('root', 'credential', 'status')),
    algorithm smallint not null,
    public_key bytea not null,
    not_before timestamptz not null,
    not_after timestamptz not null
  );

  create table persons (
    id_number text primary key,
    details jsonb not null,
    recorded timestamptz not null default now()
  );

  -- pending: about to be signed. void: its signing was interrupted, nobody has it. The last two words of a holder's
  -- credential are revoked (for good) and suspended (until reinstated).
  create type credential_state as enum ('pending', 'good', 'suspended', 'revoked', 'void');

  create table credentials (
    id bytea primary key check (length(id) = 16),
    id_number text not null references persons,
    tier smallint not null,
    state credential_state not null,
    reason text,
    kid bytea not null references keys,
    issued timestamptz not null,
    expires timestamptz not null,
    -- Number of the run of the issuing cycle that made it; the run holds the advisory lock of that number.
    run bigint not null,
    payload bytea not null,
    signed bytea,
    changed timestamptz not null default now(),
    check ((state in ('pending', 'void')) = (signed is null))
  );
  create sequence issuing_runs;
  -- Nobody has two credentials that work, nor two on the way.
  create unique index one_in_force on credentials (id_number) where state in ('good', 'suspended');
  create unique index one_pending on credentials (id_number) where state = 'pending';
  create index credentials_by_state on credentials (state) where state <> 'good';

  create table audit_events (
    number bigint generated always as identity primary key,
    at timestamptz not null default now(),
    actor text not null,
    action text not null,
    credential bytea,
    detail jsonb not null default '{}'
  );
  create index audit_by_credential on audit_events (credential);
  create function refuse_change() returns trigger language plpgsql as
    $$ begin raise exception 'audit events are never changed'; end $$;
  create trigger audit_is_final before update or delete or truncate on audit_events
    for each statement execute function refuse_change();

  -- Trust lists and status snapshots. A row without sha256 was begun and never finished: its epoch is skipped.
  create table publications (
    kind text not null check (kind in ('trust-list', 'status')),
    epoch bigint not null check (epoch > 0),
    -- Of a snapshot: the time of its universe.
    issued timestamptz not null,
    expires timestamptz not null,
    sha256 bytea check (length(sha256) = 32),
    primary key (kind, epoch)
  );
  `,
  `
  -- A delta is numbered in one sequence with the snapshots: each is newer than all before.
  alter table publications drop constraint publications_kind_check;
  alter table publications add check (kind in ('trust-list', 'status', 'delta'));
  create index credentials_by_change on credentials (changed);
  `,
  `
  -- Where credentials also name a Token Status List: where the lists are found, and the place of each credential in
  -- them, which is never given twice.
  alter table authority add status_lists text;
  alter table credentials add list_place bigint unique check (list_place >= 0);
  create sequence list_places minvalue 0;
  `,
];

export async function migrate(sql: Sql): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction`select pg_advisory_xact_lock(${MIGRATION_LOCK})`;
    await transaction`create table if not exists schema_version (version int not null)`;
    const [row] = await transaction<
      { version: number }[]
    >`select coalesce(max(version), 0) as version from schema_version`;
    for (const [index, step] of MIGRATIONS.entries()) {
      if (index < (row?.version ?? 0)) continue;
      await transaction.unsafe(step);
      await transaction`insert into schema_version values (${index + 1})`;
    }
  });
}
