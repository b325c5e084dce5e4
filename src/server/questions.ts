import { MAX_FRAME_ITEMS } from "../format/wire/frame.js";
import { isRecord, isRequestField, readRequest, RequestError } from "../format/wire/request.js";
import type { VerifyRequest } from "../format/verdict.js";

/** What the body of `POST /v1/verify` asks. */
export interface Questions {
  qrs: string[];
  /** What is asked of each; one object for all that ask the same. */
  requests: VerifyRequest[];
  /** One text, to be answered by one verdict and not by a list. */
  single: boolean;
}

/** Check a body. Throws RequestError, which says where it is wrong. */
export function readQuestions(value: unknown): Questions {
  if (!isRecord(value)) throw new RequestError("the body is a map with qr, or with items");
  if (!("items" in value)) {
    const { qr, request } = readQuestion(value);
    return { qrs: [qr], requests: [request], single: true };
  }
  const common = readRequest(value, ["items"]);
  const { items } = value;
  if (!Array.isArray(items) || items.length === 0 || items.length > MAX_FRAME_ITEMS) {
    throw new RequestError(`items is a list of 1 to ${MAX_FRAME_ITEMS} texts`);
  }
  const asked = items.map((item: unknown, index) => readItem(item, index, common));
  return { qrs: asked.map(({ qr }) => qr), requests: asked.map(({ request }) => request), single: false };
}

interface Question {
  qr: string;
  request: VerifyRequest;
}

/** What an item asks goes before what is asked of all. */
function readItem(item: unknown, index: number, common: VerifyRequest): Question {
  if (typeof item === "string") return { qr: item, request: common };
  try {
    if (!isRecord(item)) throw new RequestError("an item is a text, or a map with qr");
    const { qr, request } = readQuestion(item);
    return { qr, request: Object.keys(request).length === 0 ? common : { ...common, ...request } };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const own = isRequestField(error.field ?? "") ? "." : ": ";
    throw new RequestError(`items.${index}${own}${error.message}`, error.field);
  }
}

function readQuestion(value: Record<string, unknown>): Question {
  const request = readRequest(value, ["qr"]);
  if (typeof value["qr"] !== "string") throw new RequestError("qr is the text of a QR code");
  return { qr: value["qr"], request };
}
