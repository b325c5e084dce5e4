import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Authority, type InitOptions } from "../../src/authority/authority.js";
import { parsePerson, type Person, type PersonInput } from "../../src/authority/person.js";
import { Algorithm } from "../../src/abi/batch.js";
import { makeResidentId } from "../../src/format/resident-id.js";

/** A folder of its own for one suite, closed to other users as root's temporary folders are. */
export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "hufu-test-"));
  return {
    path,
    remove() {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Whether the embedded PostgreSQL runs here, as postgres.ts has found; suites that need it say so where it does not. */
export function postgresRuns(): boolean {
  return process.env["HUFU_TEST_POSTGRES"] === "runs";
}

export function initAuthority(data: string, options: Partial<InitOptions> = {}): Promise<Authority> {
  return Authority.init({ data, name: "Pilot District", algorithm: Algorithm.ED25519, ...options });
}

/** Puts single statements to its database, as the account that it works as. */
export function asking({ database }: Authority) {
  return (text: TemplateStringsArray, ...values: (string | number | Uint8Array)[]) =>
    database.ask((sql) => sql(text, ...values));
}

export function person(input: PersonInput): Person {
  const result = parsePerson(input, new Date());
  if ("faults" in result) throw new Error(JSON.stringify(result.faults));
  return result.person;
}

/** The nth of any number of different grown-up citizens. */
export function citizen(n: number): Person {
  const year = 1950 + (Math.floor(n / 1000) % 50);
  const month = 1 + (Math.floor(n / 50_000) % 12);
  const date = `${year}${String(month).padStart(2, "0")}15`;
  return person({ id: makeResidentId("110105", date, n % 1000), name: `公民 ${n}` });
}
