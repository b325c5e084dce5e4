// Lets a uWebSockets.js add-on load on systems with a glibc older than 2.38, such as Debian 12.
//
// The Linux binaries of uWebSockets.js 20.57.0 need GLIBC_2.38 for three symbols only: __isoc23_strtol, _strtoul and
// _sscanf, the C23 spellings of strtol, strtoul and sscanf that a newer compiler emits. Here the three are pointed at
// the classic functions, in no file but those known by their SHA-256.
import { createHash } from "node:crypto";
import { chmodSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";

const KNOWN = {
  uws_linux_x64_115: "5b126ee00bf754b02e97e4c27090365a8562c5820c93f93918ac2212d4503e91",
  uws_linux_x64_127: "4b55b1f2cb7a7913febbb65a89496412b96af77e838552980092ba6b33723aac",
  uws_linux_x64_137: "98128405dba2fb608448e921a979530f70c946a2cc9889c15f2fa70c2d00ab05",
  uws_linux_x64_141: "813d788b347c6fd76b779d8932311ec05a044e612b4b83af220f16e6ea789683",
};
const SYMBOLS = ["__isoc23_strtol", "__isoc23_strtoul", "__isoc23_sscanf"];
const PREFIX = "__isoc23_";
export const NEEDED = "GLIBC_2.38";
/** The oldest symbol version of glibc on x86-64, which the binaries need anyway. */
const CLASSIC = "GLIBC_2.2.5";

// ELF-64, little-endian (System V ABI, gABI chapters 4 and 5; symbol versions: LSB Core 10.7).
const SHT_DYNSYM = 11;
const SHT_GNU_VERNEED = 0x6ffffffe;

/**
 * Retarget `file`, an add-on under the name that its package gives it. Returns the names of the functions it now calls,
 * or why it was left alone, as a sentence.
 */
export function retargetFile(file) {
  const name = basename(file, ".node");
  const expected = KNOWN[name];
  if (expected === undefined) {
    return {
      left: `uWebSockets.js has no binary that loads on this system (${name}); \`hufu serve\` will not start here.`,
    };
  }
  const binary = readFileSync(file);
  if (createHash("sha256").update(binary).digest("hex") !== expected) {
    return { left: `${file} does not load and is not the file expected, so it was left alone.` };
  }
  const changed = retarget(binary);
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, binary);
  chmodSync(temporary, statSync(file).mode);
  renameSync(temporary, file);
  return { changed };
}

/** Change `elf` in place; returns the names of the symbols that were renamed. Throws where the file is not as known. */
function retarget(elf) {
  const sections = readSections(elf);
  const symbols = sections.find(({ type }) => type === SHT_DYNSYM);
  const needs = sections.find(({ type }) => type === SHT_GNU_VERNEED);
  const strings = sections[symbols.link];
  const text = (offset) => {
    const start = strings.offset + offset;
    return elf.toString("latin1", start, elf.indexOf(0, start));
  };

  const changed = [];
  for (let at = symbols.offset; at < symbols.offset + symbols.size; at += 24) {
    const name = text(elf.readUInt32LE(at));
    if (!SYMBOLS.includes(name)) continue;
    // The classic name is the tail of the C23 one, so that no string changes: the symbol names its tail instead.
    elf.writeUInt32LE(elf.readUInt32LE(at) + PREFIX.length, at);
    changed.push(name.slice(PREFIX.length));
  }

  const versions = new Map();
  for (let need = needs.offset, more = 1; more !== 0; need += more) {
    const library = text(elf.readUInt32LE(need + 4));
    let entry = need + elf.readUInt32LE(need + 8);
    for (let count = elf.readUInt16LE(need + 2); count > 0; count--) {
      versions.set(`${library} ${text(elf.readUInt32LE(entry + 8))}`, entry);
      entry += elf.readUInt32LE(entry + 12);
    }
    more = elf.readUInt32LE(need + 12);
  }
  const from = versions.get(`libc.so.6 ${NEEDED}`);
  const to = versions.get(`libc.so.6 ${CLASSIC}`);
  if (changed.length !== SYMBOLS.length || from === undefined || to === undefined) {
    throw new Error("the add-on's symbol table is not as known; nothing was changed");
  }
  elf.copy(elf, from, to, to + 4); // vna_hash
  elf.copy(elf, from + 8, to + 8, to + 12); // vna_name
  return changed;
}

function readSections(elf) {
  const start = Number(elf.readBigUInt64LE(40));
  const size = elf.readUInt16LE(58);
  return Array.from({ length: elf.readUInt16LE(60) }, (_, index) => {
    const at = start + index * size;
    return {
      type: elf.readUInt32LE(at + 4),
      offset: Number(elf.readBigUInt64LE(at + 24)),
      size: Number(elf.readBigUInt64LE(at + 32)),
      link: elf.readUInt32LE(at + 40),
    };
  });
}
