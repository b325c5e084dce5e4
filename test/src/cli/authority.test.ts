import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import { Authority } from "../../../src/authority/authority.js";
import { leavingCleanly } from "../../../src/cli/authority.js";
import { Algorithm } from "../../../src/abi/batch.js";
import { makeResidentId } from "../../../src/format/resident-id.js";
import { openSnapshot } from "../../../src/format/status/snapshot.js";
import { readTrust } from "../../../src/format/trust/trust.js";
import { initAuthority, postgresRuns, temporaryFolder } from "../../support/authority.js";
import { verifyElsewhere } from "../../support/keys.js";
import { openCard } from "../../support/open-card.js";
import { privateJwk } from "../../support/wallet.js";

const runs = postgresRuns();
const note = runs ? "" : " (skipped: the embedded PostgreSQL does not run here)";
const hufuPath = fileURLToPath(new URL("../../../bin/hufu.mjs", import.meta.url));

describe.skipIf(!runs)(`the authority's commands${note}`, () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeAll(async () => {
    folder = temporaryFolder();
    expect((await hufu(["init", "--name", "试点区公安局"])).status).toBe(0);
  });
  afterAll(() => {
    folder.remove();
  });

  async function hufu(args: string[], input = ""): Promise<{ status: number | null; out: string; err: string }> {
    const env = { ...process.env, HUFU_DATA: join(folder.path, "data"), HUFU_DATABASE_URL: "" };
    const child = spawn(process.execPath, [hufuPath, ...args], { env, cwd: folder.path });
    child.stdin.end(input);
    const [out, err] = await Promise.all([buffer(child.stdout), text(child.stderr), once(child, "close")]);
    // Not text(), which would take a byte order mark off.
    return { status: child.exitCode, out: out.toString(), err };
  }

  const zhang = JSON.stringify({ id: "11010519491231002X", name: "张三", address: "朝阳路 1 号" });

  it("refuse a second init, naming the remedy", async () => {
    const { status, out, err } = await hufu(["init"]);
    expect([status, out]).toEqual([2, ""]);
    expect(err).toMatch(/^hufu: .* has an authority already; .*--data\.\n$/);
  });

  it("enrol, approve, suspend and publish: files that independent code reads", async () => {
    const lite = await hufu(["enrol", "--png", "card.png", "--svg", "card.svg"], zhang);
    expect([lite.status, lite.err]).toEqual([0, ""]);
    const qr = lite.out.trimEnd();
    expect(openCard(qr).identity.get(4)).toBe("张三");
    expect(readFileSync(join(folder.path, "card.svg"), "utf8")).toMatch(/^<svg/);

    const wasm = new URL(import.meta.resolve("zxing-wasm/reader/zxing_reader.wasm"));
    prepareZXingModule({
      overrides: { wasmBinary: new Uint8Array(readFileSync(wasm)).buffer },
      fireImmediately: false,
    });
    const [scanned] = await readBarcodes(new Uint8Array(readFileSync(join(folder.path, "card.png"))));
    expect(scanned?.text).toBe(qr);

    const again = await hufu(["enrol", "-"], zhang);
    expect([again.status, again.out]).toEqual([1, ""]);
    expect(again.err).toContain("has a card in force");

    const full = await hufu(["approve", "11010519491231002x", "--officer", "李伟", "--json"]);
    expect(JSON.parse(full.out)).toMatchObject({ id: "11010519491231002X", tier: "full", state: "good" });

    const suspended = await hufu(["suspend", "11010519491231002X", "--reason", "phone lost", "--json"]);
    expect(JSON.parse(suspended.out)).toMatchObject({ tier: "full", state: "suspended", reason: "phone lost" });
    expect((await hufu(["revoke", "nobody", "--reason", "x"])).status).toBe(2);
    expect((await hufu(["revoke", "11010519491231002X"])).err).toContain("--reason");

    const published = await hufu(["publish", "--out", "public", "--json"]);
    const files = JSON.parse(published.out) as { trust: { path: string; epoch: number }; status: { epoch: number } };
    expect(files.trust.path).toBe("public/trust.hufu");
    // Epochs are times: a restored database does not give one again.
    for (const { epoch } of [files.trust, files.status]) expect(Math.abs(epoch - Date.now() / 1000)).toBeLessThan(60);
    expect(readdirSync(join(folder.path, "public")).sort()).toEqual(["status.hufu", "trust.hufu"]);
    const trust = readTrust(read("public/trust.hufu"), verifyElsewhere);
    expect(trust).toMatchObject({ authority: "试点区公安局", epoch: files.trust.epoch });
    const snapshot = await openSnapshot(read("public/status.hufu"), { keys: trust.keys, verify: verifyElsewhere });
    expect(snapshot.header).toMatchObject({ good: 0, revoked: 1, suspended: 1 });
  });

  it("publish a status that answers for a card enrolled the moment before", async () => {
    const id = makeResidentId("110105", "19800203", 77);
    const { out: qr } = await hufu(["enrol"], JSON.stringify({ id, name: "赵六" }));
    const published = await hufu(["publish", "--out", "public", "--json"]);
    const { epoch } = (JSON.parse(published.out) as { status: { epoch: number } }).status;
    const files = ["--trust", "public/trust.hufu", "--status", "public/status.hufu"];
    const { status, out } = await hufu(["verify", ...files, "--json"], qr);
    expect(JSON.parse(out)).toMatchObject({ line: 1, outcome: "accepted", code: "VALID", status: "good", epoch });
    expect(status).toBe(0);
    const decoded = JSON.parse((await hufu(["decode", "--json"], qr)).out) as { kid: string };
    expect(decoded).toMatchObject({
      verified: false,
      code: "UNVERIFIED",
      kid: (JSON.parse(out) as { kid: string }).kid,
    });
  });

  it("show what was done, by whom and when: of a card, by someone, in a time", async () => {
    const id = "11010519491231002X";
    const events = async (...args: string[]): Promise<Record<string, unknown>[]> => {
      const { status, out } = await hufu(["audit", "--json", ...args]);
      expect(status).toBe(0);
      return out.split("\n").filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
    };
    const all = await events(id);
    const actions = ["record", "issue", "record", "supersede", "issue", "suspend"];
    expect(all.map(({ action }) => action)).toEqual(actions);
    expect(all.at(-1)).toMatchObject({ id, detail: { reason: "phone lost" } });
    expect(all.map(({ number }) => number)).toEqual([...all.map(({ number }) => Number(number))].sort((a, b) => a - b));
    const officer = await events("--actor", "李伟");
    expect(officer.map(({ action }) => action)).toEqual(["record", "supersede", "issue"]);
    expect(await events(String(officer[0]!["credential"]), "--action", "suspend")).toHaveLength(1);
    expect(await events("--until", "2020-01-01T00:00:00Z")).toEqual([]);
    expect((await events("--since", "2020-01-01T00:00:00Z", "--action", "initialise"))[0]).not.toHaveProperty(
      "credential",
    );
    const shown = await hufu(["audit", id, "--action", "suspend"]);
    expect(shown.out).toMatch(
      /^\d{4}-\S+Z {2}suspend +\S+ {2}[0-9a-f]{32} {2}11010519491231002X {2}reason phone lost\n$/,
    );
    expect((await hufu(["audit", "--since", "yesterday"])).err).toContain("--since yesterday is not a time");
  });

  it("refuse to publish over what is newer, and say what helps", async () => {
    const data = join(folder.path, "twin");
    await hufu(["init", "--data", data]);
    const twin = await Authority.open({ data });
    await twin.database.ask((sql) => sql`update publications set epoch = epoch + 1000000`);
    const feed = ["--data", data, "--out", "twins"];
    expect((await hufu(["publish", ...feed])).status).toBe(0);
    await twin.database.ask((sql) => sql`update publications set epoch = epoch - 2000000`);
    await twin.close();
    const before = read("twins/trust.hufu");
    const { status, out, err } = await hufu(["publish", ...feed]);
    expect([status, out]).toEqual([2, ""]);
    expect(err).toMatch(
      /^hufu: twins\/trust.hufu has epoch \d+, and what would be written now has \d+; set this machine's clock/,
    );
    expect(read("twins/trust.hufu")).toEqual(before);
    expect(readdirSync(join(folder.path, "twins")).sort()).toEqual(["status.hufu", "trust.hufu"]);
  });

  it("take people in as CSV and give them out as CSV and JSON", async () => {
    const wang = makeResidentId("370101", "19900101", 123);
    const li = makeResidentId("440524", "19800101", 1);
    const csv = `\ufeffid,name,gender,address\n${li},"李, 四",male,\n${wang},王五,,路\n`;
    writeFileSync(join(folder.path, "people.csv"), csv);
    const enrolled = await hufu(["enrol", "people.csv"]);
    expect([enrolled.status, enrolled.err]).toEqual([0, "2 of 2 people enrolled.\n"]);
    const names = enrolled.out
      .trimEnd()
      .split("\n")
      .map((qr) => openCard(qr).identity.get(4));
    expect(names).toEqual(["李, 四", "王五"]);
    const out = await hufu(["cards", "--state", "good", "--csv"]);
    expect(out.out.split("\n")[0]).toBe("credential,id,name,tier,state,reason,issued,expires,nationality");
    expect(out.out).toContain(`,${li},"李, 四",lite,good,,`);
    const json = await hufu(["cards", "--id", wang, "--json"]);
    expect(JSON.parse(json.out)).toMatchObject({ name: "王五", state: "good" });
  });

  it("leave nothing running when their reader goes away", async () => {
    const env = { ...process.env, HUFU_DATA: join(folder.path, "data"), HUFU_DATABASE_URL: "" };
    const child = spawn(process.execPath, [hufuPath, "cards", "--qr"], { env, cwd: folder.path });
    child.stdout.destroy();
    await once(child, "close");
    expect(child.exitCode).toBe(0);
    expect(readdirSync(join(folder.path, "data", "postgres"))).not.toContain("postmaster.pid");
  });

  it("go on where a connection is lost: only their own reader's leaving ends them early", async () => {
    const env = { ...process.env, HUFU_DATA: join(folder.path, "data"), HUFU_DATABASE_URL: "" };
    const child = spawn(process.execPath, [hufuPath, "publish", "--json"], { env, cwd: folder.path });
    const running = join(folder.path, "data", "postgres", "postmaster.pid");
    // What the system raises on a write to a server that is gone.
    const lost = setInterval(() => existsSync(running) && child.kill("SIGPIPE"), 5);
    const [out] = await Promise.all([text(child.stdout), once(child, "close")]);
    clearInterval(lost);
    expect([child.exitCode, child.signalCode]).toEqual([0, null]);
    expect(JSON.parse(out)).toHaveProperty("status.epoch");
  });

  it("say what to do when their database goes away in the midst of it", async () => {
    const own = temporaryFolder();
    const authority = await initAuthority(own.path);
    const [server] = readFileSync(join(own.path, "postgres", "postmaster.pid"), "utf8").split("\n");
    const work = leavingCleanly(
      () => Promise.resolve(authority),
      async () => {
        process.kill(Number(server), "SIGQUIT");
        for (;;) await authority.publishTrustList();
      },
    );
    await expect(work).rejects.toMatchObject({
      message: expect.stringMatching(/^the database went away: /) as string,
      remedy: expect.stringContaining("hufu cards") as string,
    });
    own.remove();
  });

  it("enrol whom they can, and tell the others by their line", async () => {
    const [one, other] = [makeResidentId("110105", "19850612", 501), makeResidentId("110105", "19850612", 503)];
    const child = makeResidentId("110105", `${new Date().getUTCFullYear() - 10}0101`, 1);
    const bad = await hufu(["enrol"], `id,name\n${one},钱一\n\n${other},"钱\n二"\n${child},钱三\n123,钱四\n`);
    expect([bad.status, bad.out.trimEnd().split("\n").length]).toEqual([1, 1]);
    expect(openCard(bad.out.trimEnd()).identity.get(4)).toBe("钱一");
    expect(bad.err).toContain("hufu: line 4: name has U+000A LINE FEED");
    expect(bad.err).toContain(`hufu: line 6: 钱三 (${child}) is under 16.`);
    expect(bad.err).toContain("hufu: line 7: id has 3 characters, and not 18.");
    expect(bad.err).toContain("1 of 4 people enrolled.");
    const none = await hufu(["enrol"], JSON.stringify({ id: "x" }));
    expect([none.status, none.out]).toEqual([1, ""]);
  });

  it("end with 2 over an input that holds nothing, or nothing that can be read", async () => {
    for (const input of ["", "\ufeff", "id,name\n", "[]", "{", "colour\nred\n", '{"id":1}\n{"id":', '"id"x\n1\n']) {
      const { status, err } = await hufu(["enrol"], input);
      expect([status, err], input).toEqual([2, expect.stringMatching(/^hufu: the input .*; .*\.\n$/)]);
    }
    expect((await hufu(["enrol", "nowhere.csv"])).err).toContain("there is no such file");
    for (const args of [["verify", "--trust", "data/trust.hufu"], ["decode"], ["explain", "-"], ["explain", ""]]) {
      const { status, err } = await hufu(args, "");
      expect([status, err], args.join(" ")).toEqual([2, expect.stringContaining("not a single QR text")]);
    }
    expect((await hufu(["cards", "--bom"])).status).toBe(2);
  });

  it("write CSV that is no formula to a spreadsheet, and read it", async () => {
    const people = [
      { id: makeResidentId("110105", "19850612", 601), name: '=HYPERLINK("http://evil.example","x")' },
      { id: makeResidentId("110105", "19850612", 603), name: "'+1" },
      { id: "911124198108030024", name: "SMITH JOHN", nationality: "CA" },
    ];
    await hufu(["enrol"], JSON.stringify(people));
    const sheet = (await hufu(["cards", "--csv", "--bom", "--qr", "--state", "good"])).out;
    expect(sheet.startsWith("\ufeffcredential,id,name,")).toBe(true);
    expect(sheet).toContain(`"'=HYPERLINK(""http://evil.example"",""x"")"`);
    expect(sheet).not.toMatch(/(^|,)"?[=+@-]/m);
    const elsewhere = ["--data", join(folder.path, "elsewhere")];
    await hufu(["init", ...elsewhere]);
    const again = await hufu(["enrol", ...elsewhere], sheet);
    expect(again.status, again.err).toBe(0);
    const names = again.out.trimEnd().split("\n").map((qr) => openCard(qr).identity.get(4)); // prettier-ignore
    expect(names).toEqual(expect.arrayContaining(people.map(({ name }) => name)));
    expect(names).toHaveLength(sheet.trimEnd().split("\n").length - 1);
  });

  it("end with 2 for what they do not know", async () => {
    for (const args of [
      ["nonsense"],
      ["cards", "--state", "happy"],
      ["init", "--alg", "rsa"],
      ["init", "--region", "1"],
      ["init", "--name", "试点\u202e局"],
      ["init", "--name", " "],
    ]) {
      expect((await hufu(args)).status, args.join(" ")).toBe(2);
    }
    expect((await hufu(["cards", "--data", "nowhere"])).err).toContain("run `hufu init`");
    const help = await hufu(["--help"]);
    expect([help.status, help.err]).toEqual([0, ""]);
    expect(help.out).toContain("enrol people");
  });

  function read(name: string): Uint8Array {
    return new Uint8Array(readFileSync(join(folder.path, name)));
  }

  it("publish Token Status Lists too where cards name them, and verify by them", async () => {
    const data = ["--data", join(folder.path, "listed")];
    await hufu(["init", ...data, "--status-lists", "https://authority.example/feed/"]);
    const card = (await hufu(["enrol", ...data], zhang)).out.trimEnd();
    await hufu(["suspend", "11010519491231002X", ...data, "--reason", "phone lost"]);
    const published = await hufu(["publish", ...data, "--json"]);
    const { trust, lists } = JSON.parse(published.out) as { trust: { path: string }; lists: { path: string }[] };
    const verified = await hufu(["verify", "-", "--json", "--trust", trust.path, "--status", lists[0]!.path], card);
    expect(verified.status).toBe(1);
    expect(JSON.parse(verified.out)).toMatchObject({ code: "SUSPENDED", status: "suspended", statusSource: "list" });
    await hufu(["reinstate", "11010519491231002X", ...data, "--reason", "phone found"]);
    await hufu(["publish", ...data, "--delta"]);
    const again = await hufu(["verify", "-", "--json", "--trust", trust.path, "--status", lists[0]!.path], card);
    expect(JSON.parse(again.out)).toMatchObject({ code: "VALID", status: "good", statusSource: "list" });
  });

  it("enrol --redactable issues what its holder's key presents, and tells of a key that nobody has proven", async () => {
    const holder = await privateJwk(Algorithm.P256);
    writeFileSync(join(folder.path, "holder.jwk"), JSON.stringify(holder));
    const { kty, crv, x, y } = holder;
    const li = { id: "110105200001010016", name: "李雷", holderKey: { kty, crv, x, y } };
    const keyless = { id: "110105198001010016", name: "韩梅梅" };
    const { status, out, err } = await hufu(["enrol", "--redactable", "--text"], JSON.stringify([li, keyless]));
    expect(status).toBe(1);
    expect(err).toMatch(/李雷 .* is not proven to be the holder's/);
    expect(err).toMatch(/韩梅梅 .* has no holderKey/);
    writeFileSync(join(folder.path, "card.txt"), out);
    const made = await hufu(["present", "card.txt", "--key", "holder.jwk", "--audience", "hotel", "--claims", "1,4"]);
    expect([made.status, made.err]).toEqual([0, ""]);
    const args = ["verify", "-", "--trust", "data/trust.hufu", "--without-status", "--audience", "hotel", "--claims", "--json"]; // prettier-ignore
    const verdict = JSON.parse((await hufu(args, made.out)).out) as object;
    expect(verdict).toMatchObject({ code: "VALID", claims: { "1": li.id, "4": "李雷" } });
  });
});
