// What the host may call. Everything else is reached through `verify`.
export { finish, inspect, verify } from "./pipeline";
export { countUndecided, settleName, undecided } from "./expected";
export { batch, setClockFloor } from "./batch";
export { detail, detailLength, resetDetail } from "./detail";
export { loadTrust, trustKeys, trustNames } from "./trust";
export { checkSignature, controlBuffer } from "./control";
export { clearLists, listSpace, loadList } from "./status/list";
export {
  advanceStatus,
  changeStatus,
  clearStatus,
  goWithoutStatus,
  limitStatusAge,
  loadStatus,
  statusEpoch,
  statusOf,
  statusOfRecords,
  statusSpace,
} from "./status/status";
