import type { Quota } from "./quota.js";

/** Whose something is: who asks, and from where. */
export interface Owner {
  /** As TokenCheck names it. */
  readonly party: string;
  readonly address: string;
  /** What the party may ask; anything where there is none. */
  readonly quota?: Quota | undefined;
}

/**
 * What owners have waiting, and whose turn it is: parties take turns, within a party its addresses, and within an address
 * the owners there. So nobody gains by more connections, nor by more addresses.
 */
export class Turns<Q> {
  readonly #parties = new Map<string, Map<string, Map<Owner, Q>>>();
  /** Where each was entered: an owner's address may change while it waits. */
  readonly #places = new Map<Owner, Owner>();

  get isEmpty(): boolean {
    return this.#places.size === 0;
  }

  of(owner: Owner): Q | undefined {
    const { party, address } = this.#places.get(owner) ?? owner;
    return this.#parties.get(party)?.get(address)?.get(owner);
  }

  enter(owner: Owner, queue: Q): void {
    const { party, address } = owner;
    this.#places.set(owner, { party, address });
    const addresses = this.#parties.get(party) ?? new Map<string, Map<Owner, Q>>();
    const owners = addresses.get(address) ?? new Map<Owner, Q>();
    this.#parties.set(party, addresses.set(address, owners.set(owner, queue)));
  }

  leave(owner: Owner): void {
    const { party, address } = this.#places.get(owner) ?? owner;
    this.#places.delete(owner);
    const addresses = this.#parties.get(party);
    const owners = addresses?.get(address);
    owners?.delete(owner);
    if (owners?.size === 0) addresses?.delete(address);
    if (addresses?.size === 0) this.#parties.delete(party);
  }

  /** Who is next; from now on behind the others at every level. */
  next(): [Owner, Q] | undefined {
    const addresses = turn(this.#parties)?.[1];
    const owners = addresses && turn(addresses)?.[1];
    return owners && turn(owners);
  }

  /** The part of an owner where parties have equal parts, within a party its addresses, and there the owners. */
  partOf(owner: Owner): number {
    const { party, address } = this.#places.get(owner) ?? owner;
    const addresses = this.#parties.get(party);
    const owners = addresses?.get(address);
    return addresses && owners ? 1 / (this.#parties.size * addresses.size * owners.size) : 0;
  }

  /** Who is next of each address. */
  *firsts(): IterableIterator<Owner> {
    for (const addresses of this.#parties.values()) {
      for (const owners of addresses.values()) {
        const [first] = owners.keys();
        if (first !== undefined) yield first;
      }
    }
  }

  *[Symbol.iterator](): IterableIterator<[Owner, Q]> {
    for (const addresses of this.#parties.values()) for (const owners of addresses.values()) yield* owners;
  }
}

/** The first entry, which becomes the last. */
function turn<K, V>(map: Map<K, V>): [K, V] | undefined {
  const [first] = map;
  if (first === undefined) return undefined;
  map.delete(first[0]);
  map.set(...first);
  return first;
}
