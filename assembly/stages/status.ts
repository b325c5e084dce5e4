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
} from "../status/status";
