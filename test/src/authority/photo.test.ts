import { describe, expect, it } from "vitest";
import { readPhoto } from "../../../src/authority/photo.js";

function base64(start: string, length = 300): string {
  return Buffer.concat([Buffer.from(start, "latin1"), Buffer.alloc(length - start.length, 7)]).toString("base64");
}

const jpeg = "\xff\xd8\xff\xe0";

describe("a photo", () => {
  it.each([
    ["jpeg", jpeg],
    ["jpeg2000", "\0\0\0\x0cjP  \r\n\x87\n"],
    ["jpeg2000", "\xff\x4f\xff\x51"],
    ["avif", "\0\0\0\x1cftypavif"],
    ["webp", "RIFF\x24\0\0\0WEBPVP8 "],
  ])("is %s by its bytes", (photoFormat, start) => {
    const photo = base64(start);
    expect(readPhoto(photo)).toEqual({ photo, photoFormat });
  });

  it("may come as a data URI, in lines, or without padding", () => {
    const photo = base64(jpeg, 100);
    const expected = { photo, photoFormat: "jpeg" };
    expect(readPhoto(`data:image/png;charset=x;base64,${photo}`)).toEqual(expected);
    expect(readPhoto(`\n${photo.replaceAll(/.{76}/g, "$&\r\n")}\n`)).toEqual(expected);
    expect(readPhoto(photo.replaceAll("=", ""))).toMatchObject({ photoFormat: "jpeg" });
  });

  it.each([
    [base64("\x89PNG\r\n\x1a\n"), "is PNG, which cards do not take: save it as JPEG"],
    [base64("GIF89a"), "is GIF"],
    [base64("BM"), "is BMP"],
    [base64("II*\0"), "is TIFF"],
    [base64("\0\0\0\x18ftypheic"), "is HEIC"],
    [base64("RIFF\x24\0\0\0WAVEfmt "), "is not a picture of a known format"],
    [base64("hello"), "is not a picture of a known format"],
    ["me.jpg", "is not base64"],
    ["data:image/jpeg;base64,", "is empty"],
    [base64(jpeg, 1601), "is too large: it has 1601 bytes and a card has room for 1600"],
    [base64("\x89PNG", 9000), "is PNG"],
  ])("is refused for its own reason: %#", (photo, fault) => {
    expect(readPhoto(photo)).toEqual({ fault: expect.stringContaining(fault) as string });
  });

  it("of the largest size is taken", () => {
    expect(readPhoto(base64(jpeg, 1600))).toMatchObject({ photoFormat: "jpeg" });
  });
});
