import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Authority } from "../../../src/authority/authority.js";
import { publishFile } from "../../../src/authority/publish-file.js";
import type { Published } from "../../../src/authority/publishing.js";
import { HufuClient } from "../../../src/client/client.js";
import { citizen, initAuthority, postgresRuns, temporaryFolder } from "../../support/authority.js";
import { type ServeProcess, startServe } from "../../support/serve.js";

const runs = postgresRuns();

describe.skipIf(!runs)(`hufu serve --feed${runs ? "" : " (skipped: PostgreSQL does not run here)"}`, () => {
  const folder = temporaryFolder();
  const feed = join(folder.path, "feed");
  const verifiers: ServeProcess[] = [];
  const clients: HufuClient[] = [];
  let authority: Authority;
  let card: { qr: string; id: string };
  const actor = { actor: "test", reason: "test" };
  const publish = async (name: string, published: Promise<Published>): Promise<void> =>
    publishFile(join(feed, name), (await published).parts);

  beforeAll(async () => {
    const { mkdir } = await import("node:fs/promises");
    await mkdir(feed);
    const past = new Date(Date.now() - 86_400_000);
    authority = await initAuthority(join(folder.path, "authority"), { validFrom: past });
    const person = citizen(1);
    card = { qr: (await authority.enrol(person, { actor: "test", issuedAt: past })).qr, id: person.id };
    await publish("trust.hufu", authority.publishTrustList());
    await publish("status.hufu", authority.publishStatus());
    verifiers.push(...(await Promise.all([startServe(["--feed", feed]), startServe(["--feed", feed])])));
    clients.push(...verifiers.map(({ port }) => new HufuClient(`ws://127.0.0.1:${port}`)));
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    for (const verifier of verifiers) verifier.process.kill("SIGKILL");
    await authority.close();
    folder.remove();
  });

  const codes = (): Promise<string[]> =>
    Promise.all(clients.map(async (client) => (await client.verify(card.qr)).code));

  it("a suspension, its end and a revocation reach every verifier, and no verdict is lost on the way", async () => {
    const steps = [
      { change: () => authority.suspend(card.id, actor), code: "SUSPENDED" },
      { change: () => authority.reinstate(card.id, actor), code: "VALID" },
      { change: () => authority.revoke(card.id, actor), code: "REVOKED" },
    ];
    let before = "VALID";
    expect(await codes()).toEqual([before, before]);
    for (const { change, code } of steps) {
      await change();
      await publish("delta.hufu", authority.publishDelta());
      await expect
        .poll(
          async () => {
            const now = await codes();
            // Old or new: nothing else is ever said while files change hands.
            expect([before, code]).toEqual(expect.arrayContaining(now));
            return now;
          },
          { timeout: 30_000, interval: 20 },
        ) // prettier-ignore
        .toEqual([code, code]);
      before = code;
    }
  });

  it("a damaged file changes nothing, and the next good one counts", async () => {
    const [file = new Uint8Array()] = (await authority.publishDelta()).parts;
    const damaged = Uint8Array.from(file);
    damaged[damaged.length - 1]! ^= 1;
    await publishFile(join(feed, "delta.hufu"), [damaged]);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(await codes()).toEqual(["REVOKED", "REVOKED"]);
    await publish("status.hufu", authority.publishStatus());
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(await codes()).toEqual(["REVOKED", "REVOKED"]);
  });

  it("stops on SIGTERM with nothing left in work", async () => {
    for (const { process: child } of verifiers) child.kill("SIGTERM");
    expect(await Promise.all(verifiers.map(({ ended }) => ended))).toEqual([0, 0]);
  });
});
