import { MAX_CBOR_DEPTH } from "../../src/abi/limits.js";
import { entriesOf, integer, isRedactedKeys, type Node, NotCbor, parse, under, valueOf } from "./cbor-tree.js";

/** What the reference reader makes of redacted claims and of claim 169. */

export interface Disclosure {
  digest: string;
  value: Node | undefined;
  key: Node | undefined;
  /** Where it was found; one place each. */
  place: Node | undefined;
}

type Demand = (condition: boolean, what: string) => void;

/** The tree with disclosures in their places and without what stays hidden (draft-ietf-spice-sd-cwt section 9.9). */
export function bound(root: Node, disclosures: Disclosure[], demand: Demand): Node {
  const found = (hash: Node | undefined, place: Node, parts: "entry" | "element"): Disclosure | undefined => {
    demand(hash?.major === 2 && hash.bytes.length === 32, "a hash of another kind");
    const digest = Buffer.from(hash?.bytes ?? []).toString("hex");
    const one = disclosures.find((disclosure) => disclosure.digest === digest);
    if (one === undefined) return undefined;
    demand(one.place === undefined, "a hash twice");
    one.place = place;
    if (one.value === undefined) return undefined; // a decoy
    demand((one.key !== undefined) === (parts === "entry"), "a disclosure of another kind of place");
    return one;
  };
  const inside = (node: Node, depth: number): Node => {
    if (node.major < 4 || node.major === 7) return node;
    if (depth > MAX_CBOR_DEPTH) throw new NotCbor("TOO_DEEP");
    demand(node.major !== 6 || node.argument !== 60n, "a redacted element elsewhere");
    if (node.major === 4)
      return withItems(
        node,
        node.items.flatMap((item) => element(item, node, depth)),
      );
    if (node.major === 6) return { ...node, items: node.items.map((item) => inside(item, depth + 1)) };
    const entries = entriesOf(node).flatMap(([key, value]): [Node, Node][] => {
      if (!isRedactedKeys(key)) return [[key, inside(value, depth + 1)]];
      demand(value.major === 4, "hashes that are not an array");
      return value.items.flatMap((hash): [Node, Node][] => {
        const one = found(hash, node, "entry");
        return one === undefined ? [] : [[one.key!, inside(one.value!, depth + 1)]];
      });
    });
    demand(new Set(entries.map(([key]) => valueOf(key))).size === entries.length, "a key that was there");
    return withItems(node, entries.flat(), entries.length);
  };
  const element = (item: Node, array: Node, depth: number): Node[] => {
    if (item.major !== 6 || item.argument !== 60n) return [inside(item, depth + 1)];
    const one = found(item.items[0], array, "element");
    return one === undefined ? [] : [inside(one.value!, depth + 1)];
  };
  return inside(root, 1);
}

function withItems(node: Node, items: Node[], count = items.length): Node {
  return { ...node, items, argument: BigInt(count) };
}

/** Why claim 169 is not an identity; undefined where it is. */
export function identityFault(node: Node): string | undefined {
  const map = node.major === 2 ? parse(node.bytes, "any") : node;
  if (map.major !== 5) return "not a map";
  if (entriesOf(map).some(([key]) => key.major > 1 && key.major !== 3)) return "a key of another kind";
  const [id, name, born, gender, nationality, tier] = [1, 4, 8, 9, 13, 75].map((key) => under(map, key));
  if ((id ?? name)?.major !== undefined && [id, name].some((one) => one !== undefined && one.major !== 3))
    return "a text";
  if (tier !== undefined && ![1, 2].some((one) => valueOf(integer(one)) === valueOf(tier))) return "tier";
  const country = nationality?.major === 3 ? textOf(nationality) : "";
  if (!["CN", "CHN"].includes(country) || id === undefined) return undefined;
  const number = textOf(id);
  if (!isResidentId(number)) return "ID number";
  if (born !== undefined && dateOf(born) !== number.slice(6, 14)) return "birth";
  const male = valueOf(integer(1));
  const sex = Number(number[16]) % 2 === 1 ? male : valueOf(integer(2));
  const said = gender === undefined ? "" : valueOf(gender);
  return [male, valueOf(integer(2))].includes(said) && said !== sex ? "gender" : undefined;
}

const textOf = ({ bytes }: Node): string => Buffer.from(bytes).toString("utf8");

function isResidentId(number: string): boolean {
  if (!/^\d{17}[\dX]$/.test(number) || !isDate(number.slice(6, 14))) return false;
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const sum = weights.reduce((total, weight, i) => total + weight * Number(number[i]), 0);
  return "10X98765432"[sum % 11] === number[17];
}

function isDate(day: string): boolean {
  if (!/^\d{8}$/.test(day) || day.startsWith("0000")) return false;
  const iso = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`;
  const time = new Date(`${iso}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(iso);
}

function dateOf(node: Node): string {
  const written = node.major === 0 ? String(node.argument).padStart(8, "0") : node.major === 3 ? textOf(node) : "";
  const day = /^\d{4}-\d{2}-\d{2}$/.test(written) ? written.replaceAll("-", "") : written;
  return isDate(day) ? day : "";
}

/** As verdicts show them: src/format/claims.ts says how. */
export function claimsOf(identity: Node): Record<string, unknown> {
  return toJson(identity.major === 2 ? parse(identity.bytes, "any") : identity) as Record<string, unknown>;
}

function toJson(node: Node): unknown {
  const { major, argument, info, items } = node;
  switch (major) {
    case 0:
    case 1: {
      const value = major === 0 ? argument : -1n - argument;
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    }
    case 2:
      return Buffer.from(node.bytes).toString("base64url");
    case 3:
      return textOf(node);
    case 4:
      return items.map(toJson);
    case 5:
      return Object.fromEntries(entriesOf(node).flatMap(([key, value]) => (nameOf(key) === undefined ? [] : [[nameOf(key)!, toJson(value)]]))); // prettier-ignore
    case 6:
      return toJson(items[0]!);
    default: {
      if (info === 20 || info === 21) return info === 21;
      const float = info > 24 ? Number(valueOf(node).slice("float ".length)) : NaN;
      return Number.isFinite(float) ? float : null;
    }
  }
}

function nameOf(key: Node): string | undefined {
  if (key.major < 2) return String(key.major === 0 ? key.argument : -1n - key.argument);
  if (key.major !== 3) return undefined;
  return /^(-?\d+$|")/.test(textOf(key)) ? JSON.stringify(textOf(key)) : textOf(key);
}
