// The engine with faults on demand, for the tests of whoever must survive them. Not part of what ships.
import { TEXTS_OFFSET } from "../../src/abi/batch";
import { verify as verifyBatch } from "../pipeline";
import { batch } from "../batch";

export { finish, inspect } from "../pipeline";
export { countUndecided, settleName, undecided } from "../expected";
export { batch, setClockFloor } from "../batch";
export { detail, detailLength, resetDetail } from "../detail";
export { loadTrust, trustKeys, trustNames } from "../trust";
export { checkSignature, controlBuffer } from "../control";

export { clearLists, listSpace, loadList } from "../status/list";
export {
  changeStatus,
  advanceStatus,
  clearStatus,
  goWithoutStatus,
  limitStatusAge,
  loadStatus,
  statusEpoch,
  statusSpace,
} from "../status/status";

/** A batch that begins with "$" traps, one that begins with "%" never ends. */
export function verify(from: i32): i32 {
  const first = load<u8>(batch() + TEXTS_OFFSET);
  if (first == 0x24) unreachable();
  while (first == 0x25) {}
  return verifyBatch(from);
}
