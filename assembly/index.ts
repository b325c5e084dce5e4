import { Code } from "./result";

/** Number of the code that says "valid": a host checks it at start to know that it speaks the same table. */
export function codeOfValid(): i32 {
  return Code.VALID;
}

export {
  advanceStatus,
  changeStatus,
  clearStatus,
  limitStatusAge,
  loadStatus,
  statusEpoch,
  statusOf,
  statusOfRecords,
  statusSpace,
} from "./status/status";
