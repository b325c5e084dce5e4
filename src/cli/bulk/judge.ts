import { Code } from "../../abi/code.js";
import type { Row } from "../../bulk/form.js";
import type { Judge } from "../../bulk/run.js";
import type { HufuClient, LineEvent } from "../../client/client.js";
import { bareVerdict } from "../../engine/verdict.js";
import type { Verifier } from "../../engine/verifier.js";
import type { Verdict, VerifyRequest } from "../../format/verdict.js";
import { beginVerifier, type EngineOptions } from "../engine-options.js";
import { UsageError } from "../errors.js";
import { note } from "../output.js";

/** Who verifies the rows of a job: an engine on this machine, or servers. */
export interface JudgeOptions extends Omit<EngineOptions, "trust"> {
  trust?: string[];
  server?: string[];
}

export interface Judging {
  judge: Judge;
  close: () => Promise<void>;
}

export interface Beginning {
  /** Rejects with UsageError. */
  created: Promise<Judging>;
  /** Ends the process before the job is done. */
  end: (exitStatus: number) => void;
}

/** `job`: what the job is known by, see jobName. Rejects with UsageError. */
export async function beginJudging(options: JudgeOptions, request: VerifyRequest, job: string): Promise<Beginning> {
  const { server, trust, status, policy, withoutStatus } = options;
  if (server !== undefined) {
    if ([trust, status, policy, withoutStatus].some((given) => given !== undefined)) {
      const message = "--server names who verifies, and trust, status and policy are that server's";
      throw new UsageError(message, "leave out one or the others");
    }
    const created = judgeByServers(server, request, job);
    return { created, end: (exitStatus) => process.exit(exitStatus) };
  }
  if (trust === undefined) throw new UsageError("nothing says whom to trust", "give --trust, or --server");
  const { created, end } = await beginVerifier({ ...options, trust });
  return { created: created.then((verifier) => judgeHere(verifier, request)), end };
}

function judgeHere(verifier: Verifier, request: VerifyRequest): Judging {
  const judge: Judge = (rows) => {
    // Once a group: a job may take the night, and a card expire in it.
    const common = verifier.requirementsOf(request);
    return verifier.verifyEach(
      rows.map(({ qr }) => qr),
      (index) => {
        const { expect, captured } = rows[index] ?? {};
        const own = captured === undefined ? common : verifier.requirementsOf({ ...request, captured });
        return expect === undefined ? own : { ...own, expect };
      },
    );
  };
  return { judge, close: () => verifier.close() };
}

/** Attempts to reach a server before the job ends, to be gone on with: some minutes, in which one starts anew. */
const ATTEMPTS = 60;

async function judgeByServers(servers: readonly string[], request: VerifyRequest, job: string): Promise<Judging> {
  const { HufuClient, HufuClientError } = await import("../../client/client.js");
  const token = process.env["HUFU_TOKEN"];
  let client: HufuClient;
  try {
    client = new HufuClient(servers, { ...(token && { token }), attempts: ATTEMPTS, onEvent: tellLine });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(`cannot take --server ${servers.join(" ")}`, "write it as http://... or https://...");
  }
  const ask = async ({ qr, expect, captured, next }: Row): Promise<Verdict> => {
    // Asked again after a kill, a presentation has its first verdict, and is not REPLAYED.
    const scan = `${job.slice(0, 32)} ${next}`;
    try {
      return await client.verify(qr, { ...request, scan, ...(expect && { expect }), ...(captured && { captured }) });
    } catch (error) {
      if (!(error instanceof HufuClientError)) throw error;
      // These may help when asked for again; all else is not for a row alone.
      if (error.code === "BUSY" || error.code === "INTERNAL") return bareVerdict(Code[error.code]);
      throw new UsageError(error.message, REMEDIES[error.code] ?? "give the same command again: it goes on from here");
    }
  };
  return {
    judge: (rows) => Promise.all(rows.map(ask)),
    close: () => {
      client.close();
      return Promise.resolve();
    },
  };
}

const REMEDIES: Partial<Record<string, string>> = {
  UNAUTHORIZED: "set HUFU_TOKEN to a token that the server knows",
  FORBIDDEN: "set HUFU_TOKEN to a token that is for this",
  BAD_REQUEST: "ask what the server's policy knows",
};

function tellLine(event: LineEvent): void {
  if (event.type !== "lost") return;
  note(`The line to ${event.url} is lost (${event.reason || event.code}); what is unanswered is asked again.`);
}
