import { createHash } from "node:crypto";
import { array, bytes, integer, map, type Node, redactedKeys, tag, text, write } from "./cbor-tree.js";
import type { TestKey } from "./keys.js";
import { identity, NOW } from "./make-card.js";

/**
 * Presentations with their structure changed at random, and signed after that: what is wrong with them no signature tells.
 * From one seed always the same.
 */
export type Random = (below: number) => number;

/** mulberry32. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

export interface Keys {
  issuer: TestKey;
  kid: Uint8Array;
  holder: TestKey;
  audience: string;
}

const COSE_ALG: Record<number, number> = { 1: -8, 2: -7 };

/** How many changes there are, and where each is: mostly one, sometimes none. */
export function mutant(random: Random, keys: Keys): Uint8Array {
  const parts = [
    "card header",
    "claims",
    "disclosure",
    "list",
    "unprotected",
    "token header",
    "token",
    "message",
  ] as const;
  type Part = (typeof parts)[number];
  const changes = Array.from({ length: [0, 1, 1, 1, 1, 2, 2, 3][random(8)]! }, () => parts[random(parts.length)]!);
  const changed = (part: Part, node: Node): Node =>
    changes.filter((one) => one === part).reduce((tree) => change(tree, random), node);

  const salt = (): Node => bytes(Uint8Array.from({ length: 16 }, () => random(256)));
  const disclosures: Node[] = [];
  /** Its hash, to stand in the claims; the disclosure itself is shown two times in three. */
  const redact = (inside: Node): Node => {
    // Before it is hashed: one of eight, where disclosures are to be changed at all.
    const isChanged = changes.includes("disclosure") && random(8) === 0;
    const item = bytes(write(isChanged ? change(inside, random) : inside));
    if (random(3) > 0) disclosures.push(item);
    return bytes(createHash("sha256").update(write(item)).digest());
  };
  const entries = [...identity()].map(([key, value]): [number, Node] => [key, valueNode(value)]);
  const isOpen = ([key]: [number, Node]): boolean => key === 75 || (key > 9 && random(2) === 0);
  const open = entries.filter(isOpen);
  const hashes = entries.filter((entry) => !open.includes(entry)).map(([key, value]) => redact(array([salt(), value, integer(key)]))); // prettier-ignore
  const decoy = redact(array([salt()]));
  const element = tag(60, redact(array([salt(), text("element")])));
  const nested = redact(array([salt(), map([[1, integer(1)], [redactedKeys(), array([redact(array([salt(), text("deep"), integer(2)]))])]]), text("nested")])); // prettier-ignore
  const person = map([
    ...open,
    [90, array([integer(7), element])],
    [redactedKeys(), array([...hashes, decoy, nested])],
  ]);

  const key = keys.holder;
  const coordinates: [number, Node][] = key.algorithm === 1 ? [[1, integer(1)], [-1, integer(6)]] : [[1, integer(2)], [-1, integer(1)], [-3, bytes(key.publicKey.slice(32))]]; // prettier-ignore
  const cnf = map([[1, map([...coordinates, [-2, bytes(key.publicKey.slice(0, 32))]])]]);
  const status = map([[text("status_list"), map([[text("idx"), integer(5)], [text("uri"), text("https://a.example")]])]]); // prettier-ignore
  const top: [Node | number, Node][] = random(3) > 0 ? [[65535, status]] : [];
  if (top.length > 0 && random(2) === 0) top.push([redactedKeys(), array([redact(array([salt(), text("more"), integer(500)]))])]); // prettier-ignore
  const claims = changed("claims", map([
    [1, text("pilot.example")], [2, text("subject")], [4, integer(NOW + 1000)], [5, integer(NOW - 1000)], [6, integer(NOW - 1000)],
    [7, bytes(new Uint8Array(16))], [8, cnf], [169, person], ...top,
  ])); // prettier-ignore

  const inHeader: [number, Node][] =
    random(8) === 0
      ? [
          [
            15,
            map([
              [1, text("pilot.example")],
              [2, text("subject")],
            ]),
          ],
        ]
      : [];
  const cardHeader = changed(
    "card header",
    map([[1, integer(-8)], [4, bytes(keys.kid)], [16, integer(293)], ...inHeader]),
  );
  const list = changed("list", array(disclosures));
  const unprotected = changed("unprotected", map(disclosures.length === 0 ? [] : [[17, list]]));
  const card = sign1(keys.issuer, cardHeader, unprotected, claims);
  const header = changed("token header", map([[1, integer(COSE_ALG[key.algorithm]!)], [13, card], [16, integer(294)]])); // prettier-ignore
  const token = changed("token", map([[3, text(keys.audience)], [6, integer(NOW - 5)], [7, bytes(new Uint8Array(16).fill(7))]])); // prettier-ignore
  return write(changed("message", sign1(key, header, map([]), token)));
}

function valueNode(value: unknown): Node {
  return typeof value === "number" ? integer(value) : text(String(value));
}

function sign1(key: TestKey, header: Node, unprotected: Node, payload: Node): Node {
  const [headerBytes, payloadBytes] = [bytes(write(header)), bytes(write(payload))];
  const signed = write(array([text("Signature1"), headerBytes, bytes(new Uint8Array()), payloadBytes]));
  return tag(18, array([headerBytes, unprotected, payloadBytes, bytes(key.sign(signed))]));
}

/** One change at one place of the tree. */
export function change(root: Node, random: Random): Node {
  const all = nodesOf(root);
  return replaced(root, all[random(all.length)]!, (node) => changeHere(node, random, all));
}

function nodesOf(node: Node): Node[] {
  return [node, ...node.items.flatMap(nodesOf)];
}

function replaced(node: Node, target: Node, by: (node: Node) => Node): Node {
  if (node === target) return by(node);
  if (node.items.length === 0) return node;
  return { ...node, items: node.items.map((item) => replaced(item, target, by)) };
}

const NUMBERS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 17, 39, 60, 75, 169, 170, 171, 293, 294, 65535, -1, -8, -7, -16, -19, NOW, NOW - 60, NOW + 31, 2 ** 53]; // prettier-ignore

function changeHere(node: Node, random: Random, all: readonly Node[]): Node {
  const { major, items } = node;
  const size = major === 5 ? 2 : 1;
  const isFilled = (major === 4 || major === 5) && items.length > 0;
  const at = isFilled ? size * random(items.length / size) : 0;
  const some = items.slice(at, at + size);
  const counted = (list: Node[]): Node => ({ ...node, items: list, argument: BigInt(list.length / size) });
  switch (random(9)) {
    case 0:
      return leaf(random);
    case 1:
      return all[random(all.length)]!;
    case 2: {
      const depth = 1 + (random(4) === 0 ? random(18) : random(2));
      return Array.from({ length: depth }).reduce<Node>((inner) => (random(2) === 0 ? array([inner]) : map([[1, inner]])), node); // prettier-ignore
    }
    case 3:
      return tag([18, 60, 61, 58, 62, 1][random(6)]!, node);
    case 4:
      return isFilled ? counted([...items.slice(0, at), ...items.slice(at + size)]) : leaf(random);
    case 5:
      return isFilled ? counted([...items, ...some]) : leaf(random);
    case 6:
      return isFilled ? counted([...some, ...items.slice(0, at), ...items.slice(at + size)]) : leaf(random);
    case 7:
      if (major < 2) return { ...node, argument: node.argument > 0n && random(2) === 0 ? node.argument - 1n : node.argument + 1n }; // prettier-ignore
      return isFilled ? counted([...items, ...Array.from({ length: size }, () => leaf(random))]) : leaf(random);
    default:
      if (node.bytes.length === 0) return leaf(random);
      return { ...node, bytes: node.bytes.map((byte, i) => (i === random(node.bytes.length) ? byte ^ (1 << random(8)) : byte)) }; // prettier-ignore
  }
}

function leaf(random: Random): Node {
  const simple = (info: number, argument: bigint): Node => ({ ...integer(0), major: 7, info, argument });
  const simpleOf = (value: number): Node => simple(value, BigInt(value));
  switch (random(9)) {
    case 0:
    case 1:
    case 2:
      return integer(NUMBERS[random(NUMBERS.length)]!);
    case 3:
      return text(["", "CN", "gate", "19491231", "a".repeat(256), "1"][random(6)]!);
    case 4:
      return bytes(new Uint8Array([0, 16, 32, 64][random(4)]!));
    case 5:
      return random(2) === 0 ? array([]) : map([]);
    case 6:
      return redactedKeys();
    case 7:
      return simpleOf(20 + random(4));
    default:
      return simple(
        27,
        [0x41daac4dc0000000n, 0x7ff0000000000000n, 0x7ff8000000000000n, 0x4340000000000001n][random(4)]!,
      );
  }
}
