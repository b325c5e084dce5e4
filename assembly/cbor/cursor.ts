/** Major types of CBOR (RFC 8949 section 3.1). */
export const UNSIGNED: u32 = 0;
export const NEGATIVE: u32 = 1;
export const BYTES: u32 = 2;
export const TEXT: u32 = 3;
export const ARRAY: u32 = 4;
export const MAP: u32 = 5;
export const TAG: u32 = 6;
export const SIMPLE: u32 = 7;

/**
 * The one way to read untrusted bytes: a position that moves from start to limit and never past it. A head leaves its
 * parts in the fields; what it announces (string content, elements) is still to be read, and starts at `position`.
 */
@unmanaged
export class Cursor {
  position: usize;
  limit: usize;
  /** Of the head read last: its argument (RFC 8949 section 3), in whatever width it came. */
  argument: u64;
  major: u32;
  /** Of the head read last: the low five bits of its first byte. Tells floats and simple values apart. */
  info: u32;

  @inline
  open(start: usize, limit: usize): void {
    this.position = start;
    this.limit = limit;
  }

  /** False when the input ends inside the head, or the head is a reserved or an indefinite-length one. */
  @inline
  readHead(): bool {
    let at = this.position;
    const limit = this.limit;
    if (at >= limit) return false;
    const initial = <u32>load<u8>(at++);
    const info = initial & 31;
    let argument: u64 = info;
    if (info >= 24) {
      if (info > 27) return false;
      const width: usize = 1 << (info - 24);
      if (limit - at < width) return false;
      if (info == 24) argument = load<u8>(at);
      else if (info == 25) argument = bswap(load<u16>(at));
      else if (info == 26) argument = bswap(load<u32>(at));
      else argument = bswap(load<u64>(at));
      at += width;
    }
    this.position = at;
    this.major = initial >> 5;
    this.info = info;
    this.argument = argument;
    return true;
  }

  /** Items that follow the head read last as its content. */
  @inline
  innerItems(): u64 {
    if (this.major == ARRAY) return this.argument;
    if (this.major == MAP) return this.argument << 1;
    return this.major == TAG ? 1 : 0;
  }

  /** Move past `length` bytes; false, and no move, when fewer are left. */
  @inline
  skip(length: u64): bool {
    if (length > <u64>(this.limit - this.position)) return false;
    this.position += <usize>length;
    return true;
  }
}

/** For a file's own cursors in static memory: changetype<Cursor>(memory.data(CURSOR_SIZE, 8)). */
export const CURSOR_SIZE: i32 = 32;
