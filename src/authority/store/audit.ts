import type { Database, Transaction } from "./database.js";

/** What was done, by whom and when: only ever added to. */

export interface AuditEvent {
  actor: string;
  action: "initialise" | "record" | "issue" | "supersede" | "void" | "revoke" | "suspend" | "reinstate" | "publish";
  credential?: Uint8Array;
  detail?: Record<string, string | number>;
}

export async function audit(sql: Transaction, events: readonly AuditEvent[]): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map(({ actor, action, credential, detail }) => ({
    actor,
    action,
    credential: credential ?? null,
    detail: sql.json(detail ?? {}),
  }));
  await sql`insert into audit_events ${sql(rows, "actor", "action", "credential", "detail")}`;
}

/** An event as it is on record. */
export interface AuditRow {
  number: number;
  at: Date;
  actor: string;
  action: AuditEvent["action"];
  credential: Uint8Array | null;
  /** Of the credential's holder. */
  idNumber: string | null;
  detail: Record<string, string | number>;
}

export interface AuditFilter {
  credential?: Uint8Array;
  idNumber?: string;
  actor?: string;
  action?: AuditEvent["action"];
  /** The first moment, and the first that is not meant any more. */
  since?: Date;
  until?: Date;
}

/** Events in the order in which they were recorded. */
export function findAudit(database: Database, filter: AuditFilter): AsyncIterable<AuditRow[]> {
  const { credential = null, idNumber = null, actor = null, action = null, since = null, until = null } = filter;
  return database.stream<AuditRow>(
    (sql) => sql`
      select number, at, actor, action, credential, id_number as "idNumber", detail
      from audit_events left join credentials on credentials.id = audit_events.credential
      where (${credential}::bytea is null or credential = ${credential})
        and (${idNumber}::text is null or id_number = ${idNumber})
        and (${actor}::text is null or actor = ${actor}) and (${action}::text is null or action = ${action})
        and (${since}::timestamptz is null or at >= ${since}) and (${until}::timestamptz is null or at < ${until})
      order by number`,
  );
}
