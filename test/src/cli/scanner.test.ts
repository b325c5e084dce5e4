import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HufuClient } from "../../../src/client/client.js";
import { Engine } from "../../../src/engine/engine.js";
import { MAX_SCANNED_LENGTH, MAX_TEXT_LENGTH } from "../../../src/abi/limits.js";
import { takeOffScanned } from "../../../src/format/scanned.js";
import { casesNote, casesPresent, readCase } from "../../support/cases.js";
import { jwksOf } from "../../support/make-card.js";
import { hufuPath } from "../../support/serve.js";
import { at, card, issuerKey, type Station, startStation } from "../../support/server.js";

/** Around a text, by scanners and by what their output goes through; last what leaves no card. */
const DECORATED: readonly (readonly [what: string, text: string])[] = [
  ["nothing", card],
  ["an AIM identifier", `]Q1${card}`],
  ["one of another symbology", `]d2${card}`],
  ["a hexadecimal modifier", `]QA${card}`],
  ["an identifier and an ECI", `]Q2\\000026${card}`],
  ["spaces", `  ${card}   `],
  ["a tab", `${card}\t`],
  ["CR LF", `${card}\r\n`],
  ["GS", `\u001d${card}\u001d`],
  ["STX and ETX", `\u0002]Q1${card}\u0003\r\n`],
  ["RS and EOT", `\u001e${card}\u0004`],
  ["NUL", `${card}\0`],
  ["a byte order mark", `\ufeff${card}`],
  ["what zbarimg prints", `QR-Code:${card}\n`],
  ["all of it", `\ufeff \t]Q1\u0002QR-Code:${card} \r\n\t`],
];
const OTHER: readonly (readonly [what: string, text: string])[] = [
  ["half an identifier", `]Q${card}`],
  ["an identifier behind", `${card}]Q1`],
  ["half an ECI", `\\00002${card}`],
  ["a prefix of another scheme", `]Q1HC1:${card}`],
  ["half a prefix", `QR-Cod:${card}`],
  ["a space within", `${card.slice(0, 30)} ${card.slice(30)}`],
  ["a letter in front", `Q${card}`],
  ["only what a scanner adds", "\ufeff]Q1 \t\r\n"],
  ["an identifier alone", "]Q1"],
  ["the beginning of a mark", "\u00ef"],
];

const folder = mkdtempSync(join(tmpdir(), "hufu-scanner-"));
const trust = join(folder, "trust.json");
writeFileSync(trust, jwksOf([issuerKey]));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Codes by which the text of a card was not read. */
const UNREAD = /^(TOO_LONG|BAD_PREFIX|BAD_BASE45|BAD_ZLIB|TOO_LARGE)$/;

/** What each door answers to the same bytes: the code. */
interface Door {
  name: string;
  /** One code a text; a command line knows no text of more than one line. */
  ask: (texts: readonly Uint8Array[]) => Promise<string[]>;
}

let station: Station;
let engine: Engine;
const clients: HufuClient[] = [];
beforeAll(async () => {
  station = await startStation();
  engine = await Engine.create({ trust: jwksOf([issuerKey]) });
});
afterAll(async () => {
  for (const client of clients) client.close();
  await station.stop();
});

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

function open(notation: "json" | "msgpack"): HufuClient {
  const client = new HufuClient(station.url, { notation });
  clients.push(client);
  return client;
}

async function hufu(args: readonly string[], input: Uint8Array): Promise<string> {
  const child = spawn(process.execPath, [hufuPath, ...args, "--json"]);
  child.stdin.end(input);
  const [out] = await Promise.all([text(child.stdout), once(child, "close")]);
  return out;
}

const judged = ["--trust", trust, "--at", at.toISOString()];

const doors: readonly Door[] = [
  {
    name: "engine, strings",
    ask: (texts) => Promise.resolve(engine.verifyBatch(texts.map((bytes) => utf8.decode(bytes)), { at }).map(({ code }) => code)), // prettier-ignore
  },
  {
    name: "verifier, bytes",
    ask: async (texts) => (await station.verifier.verifyBatch(texts, { at })).map(({ code }) => code),
  },
  {
    name: "HTTP",
    ask: async (texts) => {
      const items = texts.map((bytes) => utf8.decode(bytes));
      const response = await fetch(`http://127.0.0.1:${station.port}/v1/verify`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ items, at: at.toISOString() }),
      });
      return ((await response.json()) as { verdicts: { code: string }[] }).verdicts.map(({ code }) => code);
    },
  },
  ...(["json", "msgpack"] as const).map((notation) => ({
    name: `WebSocket, ${notation}, bytes`,
    ask: async (texts: readonly Uint8Array[]) => {
      const client = open(notation);
      return (await Promise.all(texts.map((bytes) => client.verify(bytes, { at })))).map(({ code }) => code);
    },
  })),
  {
    name: "WebSocket, msgpack, strings",
    ask: async (texts) => {
      const client = open("msgpack");
      return (await Promise.all(texts.map((bytes) => client.verify(utf8.decode(bytes), { at })))).map(({ code }) => code); // prettier-ignore
    },
  },
];

/** The commands, for one text at a time. */
const commands: readonly Door[] = [
  {
    name: "hufu verify -",
    ask: async ([bytes = new Uint8Array()]) => {
      const lines = (await hufu(["verify", "-", ...judged], bytes)).trim().split("\n");
      return lines.map((line) => (JSON.parse(line) as { code: string }).code);
    },
  },
  {
    name: "hufu explain -",
    ask: async ([bytes = new Uint8Array()]) => {
      return [(JSON.parse(await hufu(["explain", "-", ...judged], bytes)) as { code: string }).code];
    },
  },
];

describe("what scanners add around a text", () => {
  it.each(DECORATED)("%s is taken off: the card is valid, as bytes and as a string", (_, text) => {
    const both = [text, new TextEncoder().encode(text)];
    expect(engine.verifyBatch(both, { at }).map(({ code }) => code)).toEqual(["VALID", "VALID"]);
    expect(takeOffScanned(text).text).toBe(card);
  });

  it.each(OTHER)("%s is not", (_, text) => {
    expect(engine.verifyBatch([text], { at })[0]!.code).not.toBe("VALID");
  });

  it("is not counted: the limit of a text is its own", () => {
    const longest = "0".repeat(MAX_TEXT_LENGTH);
    const room = MAX_SCANNED_LENGTH - MAX_TEXT_LENGTH;
    const given = [
      `]Q1${longest}\r\n`,
      `]Q1${longest}0\r\n`,
      longest + " ".repeat(room),
      longest + " ".repeat(room + 1),
    ];
    for (const texts of [given, given.map((one) => new TextEncoder().encode(one))]) {
      expect(engine.verifyBatch(texts, { at }).map(({ code }) => code)).toEqual([
        ...["BAD_ZLIB", "TOO_LONG", "BAD_ZLIB", "TOO_LONG"],
      ]);
    }
  });

  it("cannot be a card's own: no zlib stream begins with a space in base45, nothing ends in one", () => {
    for (let header = 0x0800; header <= 0x7fff; header++) {
      // RFC 1950 section 2.2: deflate, a multiple of 31.
      if ((header >> 8) % 16 === 8 && header % 31 === 0) expect(header % 45).not.toBe(36);
    }
    expect([0xd284 % 45, 0xd83d % 45]).not.toContain(36);
    expect(Math.floor(0xffff / 2025)).toBeLessThan(36);
    expect(Math.floor(0xff / 45)).toBeLessThan(36);
  });

  it("gets the same verdict at every door for the same bytes", async () => {
    const all = [...DECORATED, ...OTHER].map(([, text]) => new TextEncoder().encode(text));
    const expected = engine.verifyBatch(all, { at }).map(({ code }) => code);
    for (const { name, ask } of doors) expect(await ask(all), name).toEqual(expected);
  });

  it("gets the same from the commands", async () => {
    for (const [what, text] of [DECORATED[14]!, DECORATED[8]!, OTHER[2]!]) {
      const bytes = new TextEncoder().encode(text);
      const expected = engine.verifyBatch([bytes], { at }).map(({ code }) => code);
      for (const { name, ask } of commands) expect(await ask([bytes]), `${name}, ${what}`).toEqual(expected);
    }
  });
});

const TAKEN_OFF = ["aim-Q1", "bom", "crlf", "gs", "spaces", "tab-suffix", "zbarimg-prefix"];
const DAMAGED = ["cut", "fullwidth-ime", "german-layout", "lower", "percent-encoded", "plus-to-space", "quoted", "twice", "utf16"]; // prettier-ignore
const OTHER_SCHEMES = ["hc1", "mdoc", "nl2", "shc", "url"];

describe.skipIf(!casesPresent)("cases of scanners" + casesNote, () => {
  const read = (name: string): Uint8Array => readCase(`scanner/${name}.txt`);
  const moment = new Date("2026-11-25T23:00:00Z");

  it("are cards where only something was added, and nothing else is", async () => {
    const judge = await Engine.create({
      trust: readCase("scanner/trust.hufu"),
      status: readCase("scanner/status.hufu"),
    });
    const codeOf = (name: string): string => judge.verifyBatch([read(name)], { at: moment })[0]!.code;
    for (const name of TAKEN_OFF) expect(codeOf(name), name).toBe("VALID");
    for (const name of DAMAGED) expect(codeOf(name), name).toMatch(UNREAD);
    for (const name of OTHER_SCHEMES) expect(codeOf(name), name).toBe("BAD_PREFIX");
  });

  it("get the same verdict at every door", async () => {
    const all = [...TAKEN_OFF, ...DAMAGED, ...OTHER_SCHEMES].map(read);
    const expected = (await station.verifier.verifyBatch(all, { at })).map(({ code }) => code);
    for (const { name, ask } of doors) expect(await ask(all), name).toEqual(expected);
  });

  it.each(["bom", "gs", "utf16", "twice"])("%s gets the same from verify and explain", async (name) => {
    const bytes = read(name);
    const expected = engine.verifyBatch([bytes], { at }).map(({ code }) => code);
    for (const door of commands) expect(await door.ask([bytes]), door.name).toEqual(expected);
  });
});
