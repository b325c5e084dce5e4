import { AuthorityError } from "../errors.js";
import { isForbidden, MIGRATION_LOCK, type Sql, type Transaction } from "./database.js";

/**
 * The schema as a list of steps, each applied once, in order, in one transaction. A step that has been released is
 * never edited: a change is a new step at the end.
 */
export const MIGRATIONS: readonly string[] = [
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
  `
  -- What has been issued stays on record: only what was never signed may go.
  create function keep_issued() returns trigger language plpgsql as
    $$ begin if old.state <> 'pending' then raise exception 'credentials are never deleted'; end if; return old; end $$;
  create trigger issued_is_kept before delete on credentials for each row execute function keep_issued();
  create index audit_by_time on audit_events (at);
  `,
  `
  -- Lists have names, places in them are random, and a list is gone on with only by who can show that nothing was
  -- restored since: what a restore rewinds gives no place twice. used: places given out.
  create table status_lists (
    name text primary key,
    opened timestamptz not null default now(),
    mark text,
    witness text,
    used int not null default 0
  );
  alter table credentials drop constraint credentials_list_place_key;
  alter table credentials add list text references status_lists;
  insert into status_lists (name) select distinct (list_place / 1048576)::text from credentials
    where list_place is not null;
  update credentials set list = (list_place / 1048576)::text, list_place = list_place % 1048576
    where list_place is not null;
  alter table credentials add check ((list is null) = (list_place is null));
  alter table credentials add unique (list, list_place);
  drop sequence list_places;
  `,
  `
  -- When it was begun by the clock that dates changes of credentials: another than that of whoever publishes.
  alter table publications add begun timestamptz;
  update publications set begun = issued;
  alter table publications alter begun set default now(), alter begun set not null;
  `,
];

/** What the authority's own account may do: it owns nothing, and the audit it can only add to. */
const GRANTS: readonly (readonly [privileges: string, on: string])[] = [
  ["select", "schema_version"],
  ["select, insert", "authority, keys, audit_events"],
  ["select, insert, update", "persons, publications, status_lists"],
  ["select, insert, update, delete", "credentials"],
  ["usage", "sequence issuing_runs"],
];

/** As the owner of the schema. `account` is who works with it from now on, and may be the same. */
export async function migrate(owner: Sql, account: string): Promise<void> {
  try {
    await owner.begin(async (sql) => {
      await sql`select set_config('lock_timeout', '30s', true), pg_advisory_xact_lock(${MIGRATION_LOCK})`;
      const before = await versionOf(sql);
      if (before === 0) await sql`create table if not exists schema_version (version int not null)`;
      for (const [index, step] of MIGRATIONS.entries()) {
        if (index < before) continue;
        await sql.unsafe(step);
        await sql`insert into schema_version values (${index + 1})`;
      }
      const [row] = await sql<{ owner: string }[]>`select current_user as owner`;
      if (row?.owner !== account) await admit(sql, account, before === MIGRATIONS.length ? "known" : "new");
    });
  } catch (error) {
    if (!isForbidden(error)) throw error;
    throw new AuthorityError({
      code: "STORE_UNAVAILABLE",
      is: "not-the-owner",
      account,
      why: (error as Error).message,
    });
  }
}

async function versionOf(sql: Transaction): Promise<number> {
  const [table] = await sql<{ there: boolean }[]>`select to_regclass('schema_version') is not null as there`;
  if (table?.there !== true) return 0;
  const [row] = await sql<{ version: number }[]>`select coalesce(max(version), 0) as version from schema_version`;
  return row?.version ?? 0;
}

/** `tables`: whether the account may have been admitted to all of them before. */
async function admit(sql: Transaction, account: string, tables: "known" | "new"): Promise<void> {
  const [role] = await sql<{ admitted: boolean }[]>`
    select has_table_privilege(oid, 'schema_version', 'select') as admitted from pg_roles where rolname = ${account}`;
  if (role === undefined) await sql`create role ${sql(account)} login`;
  if (role?.admitted === true && tables === "known") return;
  for (const [privileges, on] of GRANTS) await sql.unsafe(`grant ${privileges} on ${on} to "${account}"`);
}
