import { decodeBase45 } from "../../decode/base45";
import { inflateZlib } from "../../decode/inflate";

export { decodeBase45, inflateZlib };
export { adler32 } from "../../decode/adler32";

/** Decode the same text `times` times, so that a benchmark does not measure the call into WebAssembly. */
export function repeatBase45(times: i32, text: usize, length: i32, out: usize): i32 {
  let result: i32 = 0;
  for (let i = 0; i < times; i++) result = decodeBase45(text, length, out);
  return result;
}

export function repeatInflate(times: i32, src: usize, length: i32, out: usize, capacity: i32): i32 {
  let result: i32 = 0;
  for (let i = 0; i < times; i++) result = inflateZlib(src, length, out, capacity);
  return result;
}
