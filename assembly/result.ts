// The codes are written once, in src/format/code.ts; the engine sees them through this file.
export { Code } from "../src/format/code";
