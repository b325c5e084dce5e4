// What the authority's snapshot builder calls; no part of the verifier's engine.
export { chunk, draftSpace, emitted, goodCounts, restart, scan, survive } from "./builder/scan";
export { buildFirst, buildRest, filterEntry, restEntry, shardHashes, shardWords } from "./builder/shard";
