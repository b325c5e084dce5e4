import { Tier } from "../abi/batch.js";
import { AuthorityError, type AuthorityFault, type CardAction, type Ineligible, type StoreFault, type StoreHolder } from "../authority/errors.js"; // prettier-ignore
import { REINSTALL } from "../engine/checkout.js";
import { UsageError } from "./errors.js";

/** What the authority would not do, for whoever sits at a terminal: what happened and what helps, each one clause. */

type Sentence = readonly [message: string, remedy: string];

/** An authority's refusal with its sentence; any other error as it is. */
export function told(error: unknown): unknown {
  if (!(error instanceof AuthorityError)) return error;
  const [message, remedy] = sentenceOf(error.fault);
  return new UsageError(message, remedy);
}

/** After the person's name. */
export const INELIGIBLE: Readonly<Record<Ineligible, string>> = {
  "under-age": "is under 16",
  "no-holder-key": "has no holderKey, without which a redactable card cannot be presented",
  "too-many-claims": "has more than the 8 claims of a redactable card: leave out address, photo or secondName",
  "bad-proof": "has a proof that is not by holderKey for this number and this authority, within the last day",
};

function sentenceOf(fault: AuthorityFault): Sentence {
  switch (fault.code) {
    case "ALREADY_INITIALISED":
      return [`${fault.data} has an authority already`, "use it, or name another folder with --data"];
    case "NOT_INITIALISED":
      return [`there is no authority in ${fault.data}`, "run `hufu init`, or name its folder with --data"];
    case "STORE_UNAVAILABLE":
      return storeSentence(fault);
    case "STORE_BUSY":
      return busySentence(fault.seconds, fault.holder);
    case "KEY_UNAVAILABLE":
      return keySentence(fault);
    case "BAD_ADDRESS":
      return [`${fault.address} is no web address`, "give one such as https://authority.example/feed/"];
    case "INVALID_PERSON":
      if (fault.is === "under-age") return [`${fault.name} ${INELIGIBLE[fault.is]}`, "citizens enrol at 16"];
      if (fault.is !== "kept") return [`${fault.name} ${INELIGIBLE[fault.is]}`, "mend what is given of the person"];
      return [
        `what is kept of ${fault.idNumber} cannot be signed: ${fault.faults.join("; ") || "the number is another"}`,
        "look into the database's table `persons`; revoke the card and enrol the person again",
      ];
    case "ALREADY_ENROLLED":
      if (fault.state === "suspended") {
        return [`${fault.idNumber} has a suspended card`, "reinstate or revoke it first"];
      }
      return [
        `${fault.idNumber} has a card in force`,
        `run \`hufu revoke ${fault.idNumber} --reason ...\` first if it was lost`,
      ];
    case "NOT_FOUND":
      return [
        `there is no card ${fault.reference}`,
        "give an ID number, or a credential id of 32 hex digits: `hufu cards` lists them",
      ];
    case "WRONG_STATE":
      return stateSentence(fault);
    case "ISSUING_FAILED":
      if (fault.is === "not-released") return [`nothing was released: ${fault.why}`, "mend the cause and enrol again"];
      return ["a status snapshot already answers for the time of issue", "check the clock, or issue as of now"];
    case "WOULD_GO_BACK":
      return [
        `${fault.file} has epoch ${fault.epoch}, and what would be written now has ${fault.next}`,
        "set this machine's clock if it is slow, restore a newer backup of the database, or name another folder",
      ];
    case "CANNOT_PUBLISH":
      return [`cannot write ${fault.path}: ${fault.why}`, "name another folder with --out"];
  }
}

const ANOTHER_SERVER = "set HUFU_DATABASE_URL to a PostgreSQL server";

function storeSentence(fault: StoreFault): Sentence {
  switch (fault.is) {
    case "closed-folder":
      return [`${fault.folder} cannot be used: ${fault.why}`, "be its owner, or name another folder with --data"];
    case "unreachable":
      return [
        `PostgreSQL cannot be reached: ${fault.why}`,
        fault.log === undefined ? "check HUFU_DATABASE_URL" : `see ${fault.log}`,
      ];
    case "not-the-owner":
      return [
        `the account ${fault.account} may not make or alter the tables: ${fault.why}`,
        "name their owner in HUFU_DATABASE_OWNER_URL for one command, such as `hufu init`",
      ];
    case "no-sockets":
      return ["the embedded PostgreSQL needs Unix sockets", ANOTHER_SERVER];
    case "no-account":
      return ["PostgreSQL refuses to run as root, and there is no user postgres", `run as another user, or ${ANOTHER_SERVER}`]; // prettier-ignore
    case "does-not-run":
      return ["the embedded PostgreSQL does not run on this machine", ANOTHER_SERVER];
    case "not-ready":
      return [`PostgreSQL in ${fault.folder} did not become ready`, `see ${fault.log}`];
    case "not-started":
      return [`PostgreSQL in ${fault.folder} did not start: ${fault.why}`, `see ${fault.log}`];
    case "not-made":
      return [`PostgreSQL could not make a database in ${fault.folder}: ${fault.why}`, ANOTHER_SERVER];
    case "not-installed":
      return [`${fault.package} is not installed`, `${REINSTALL}, or ${ANOTHER_SERVER}`];
  }
}

function busySentence(seconds: number, holder: StoreHolder | undefined): Sentence {
  const message = `another command is at the same work, and after ${seconds} s it was still held by`;
  if (holder === undefined) return [`${message} somebody`, "try again"];
  const { application, session } = holder;
  return [
    `${message} ${application || "an unnamed program"} (PostgreSQL session ${session}, for ${holder.seconds} s)`,
    `try again when that has ended; if it hangs, end it with \`select pg_terminate_backend(${session})\``,
  ];
}

function keySentence(fault: AuthorityFault & { code: "KEY_UNAVAILABLE" }): Sentence {
  switch (fault.is) {
    case "readable-by-others":
      return [`others may read the private key ${fault.file}`, `run \`chmod 600 ${fault.file}\``];
    case "another":
      return [`${fault.file} holds another key`, "restore it from its backup"];
    case "unreadable":
      return [`the private key cannot be read: ${fault.why}`, "restore it from its backup"];
    case "unknown":
      return [`there is no ${fault.use} key`, "restore the database from its backup"];
  }
}

const DONE: Record<CardAction, string> = { revoke: "revoked", suspend: "suspended", reinstate: "reinstated" };

function stateSentence(fault: AuthorityFault & { code: "WRONG_STATE" }): Sentence {
  switch (fault.is) {
    case "not-in":
      return [
        fault.reason === "superseded" ? "the card has been replaced by another" : `the card is ${fault.state}`,
        `only a card that is ${fault.from.join(" or ")} can be ${DONE[fault.action]}`,
      ];
    case "not-lite":
      return fault.tier === Tier.FULL
        ? ["the card is full already", "there is nothing left to approve"]
        : [`the card is ${fault.state}`, "only good lite cards are approved"];
    case "being-issued":
      return ["another card for this person is being issued", "try again"];
    case "no-snapshot":
      return ["there is no snapshot for a delta to be about", "publish one first"];
    case "changed-meanwhile":
      return [
        `the card was ${fault.state} while the full one was being made, and the full one is void`,
        "only good lite cards are approved: see `hufu cards`",
      ];
  }
}
