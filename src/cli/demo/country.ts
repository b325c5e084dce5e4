import { deflateSync } from "node:zlib";
import { Authority } from "../../authority/authority.js";
import type { IssuedCard } from "../../authority/issuing.js";
import { parsePerson, type Person } from "../../authority/person.js";
import { qrText } from "../../format/credential.js";
import { Algorithm } from "../../abi/batch.js";
import { makeResidentId } from "../../format/resident-id.js";

/** A pilot district made up for the demonstration. All of its people are invented. */
export interface Country {
  authority: Authority;
  /** QR texts as gates meet them: good ones, and some of each kind that must be refused. */
  cards: string[];
  /** Credentials that are good, for what happens while the demonstration runs. */
  good: IssuedCard[];
}

const CITIZENS = 1_000;
const FULL = 200;
const EXPIRED = 40;
const REVOKED = 30;
const SUSPENDED = 10;
const FORGED = 30;
const DAY_MS = 86_400_000;
const ACTOR = { actor: "demo" };

const REGION = "110105";
const SURNAMES = Array.from("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗");
const NAMES = Array.from("伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂文辉建华玉红");

/** Founds the authority in an empty folder and fills its registers. */
export async function foundCountry(data: string): Promise<Country> {
  const now = Date.now();
  const authority = await Authority.init({
    data,
    name: "Pilot District Public Security Bureau",
    region: REGION,
    algorithm: Algorithm.ED25519,
    validFrom: new Date(now - 900 * DAY_MS),
  });
  const people = Array.from({ length: CITIZENS }, (_, i) => citizen(i));
  const yearAgo = { ...ACTOR, issuedAt: new Date(now - 500 * DAY_MS) };
  const recently = { ...ACTOR, issuedAt: new Date(now - 30 * DAY_MS) };
  const expired = await enrolAll(authority, people.slice(0, EXPIRED), yearAgo);
  const lite = await enrolAll(authority, people.slice(EXPIRED), recently);
  const approved = await approveSome(authority, lite.slice(0, FULL), now);
  for (const card of lite.slice(FULL, FULL + REVOKED)) {
    await authority.revoke(card.person.id, { ...ACTOR, reason: "reported lost" });
  }
  for (const card of lite.slice(FULL + REVOKED, FULL + REVOKED + SUSPENDED)) {
    await authority.suspend(card.person.id, { ...ACTOR, reason: "under inquiry" });
  }
  const good = lite.slice(FULL + REVOKED + SUSPENDED);
  const forged = good.slice(0, FORGED).map(forge);
  const cards = [...expired, ...approved, ...lite.slice(FULL)].map(({ qr }) => qr);
  return { authority, cards: shuffle([...cards, ...forged]), good };
}

async function enrolAll(
  authority: Authority,
  people: readonly Person[],
  options: { actor: string; issuedAt: Date },
): Promise<IssuedCard[]> {
  const enrolled = await authority.enrolMany(people, options);
  return enrolled.flatMap((one) => ("card" in one ? [one.card] : []));
}

/** An officer has met them: several counters at work at once. */
async function approveSome(authority: Authority, cards: readonly IssuedCard[], now: number): Promise<IssuedCard[]> {
  const issuedAt = new Date(now - DAY_MS);
  const approved: IssuedCard[] = [];
  for (let i = 0; i < cards.length; i += 8) {
    const counter = cards.slice(i, i + 8).map(({ person }) => authority.approve(person.id, { ...ACTOR, issuedAt }));
    approved.push(...(await Promise.all(counter)));
  }
  return approved;
}

/** The card with one letter of its content changed and the signature left as it was. */
function forge({ signed }: IssuedCard): string {
  const altered = Uint8Array.from(signed);
  // Well inside the payload: behind the headers, before the signature.
  const place = altered.length - 70;
  altered[place] = (altered[place] ?? 0) ^ 1;
  return qrText(altered, deflateSync);
}

function citizen(i: number): Person {
  const year = 1950 + (i % 55);
  const birthDate = `${year}${String(1 + (i % 12)).padStart(2, "0")}${String(1 + (i % 28)).padStart(2, "0")}`;
  const pick = (letters: readonly string[], n: number): string => letters[n % letters.length] ?? "";
  const parsed = parsePerson(
    {
      id: makeResidentId(REGION, birthDate, i % 1000),
      name: pick(SURNAMES, i) + pick(NAMES, i * 7) + (i % 3 === 0 ? "" : pick(NAMES, i * 13 + 5)),
      address: `朝阳区建国路${1 + (i % 300)}号`,
    },
    new Date(),
  );
  if ("faults" in parsed) throw new Error(`citizen ${i}: ${parsed.faults.map(({ message }) => message).join(", ")}`);
  return parsed.person;
}

function shuffle<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
