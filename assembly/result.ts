// The codes are written once, in src/abi/code.ts; the engine sees them through this file.
export { Code } from "../src/abi/code";
