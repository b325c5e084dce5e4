import { sha256 } from "../../hash/sha256";
import { sha256Many } from "../../hash/sha256many";
import { sha512 } from "../../hash/sha512";
import { sha512Many } from "../../hash/sha512many";
import { sm3 } from "../../hash/sm3";

export { sha256, sha256Many, sha512, sha512Many, sm3 };

/** Hash the same message `times` times, so that a benchmark does not measure the call into WebAssembly. */
export function repeatSha512(times: i32, message: usize, length: i32, digest: usize): void {
  for (let i = 0; i < times; i++) sha512(message, 0, message, length, digest);
}

export function repeatSha256(times: i32, message: usize, length: i32, digest: usize): void {
  for (let i = 0; i < times; i++) sha256(message, 0, message, length, digest);
}
