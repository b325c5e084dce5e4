/** QRs of other schemes, by how their texts begin: saying which helps whoever scanned one. */
const SCHEMES: readonly (readonly [begins: RegExp, name: string])[] = [
  [/^HC1:/, "HC1, an EU health certificate"],
  [/^shc:\//i, "SHC, a SMART Health Card"],
  [/^NL[0-9]:/, "NL2, a Dutch CoronaCheck"],
  [/^mdoc[-a-z0-9]*:/i, "mdoc, a mobile document of ISO/IEC 18013-5"],
  [/^(?:openid4vp|openid-vc|openid-credential-offer|haip|eudi-[a-z0-9]+):/i, "OpenID, a request of a wallet"],
  [/^https?:/i, "URL, a web address"],
  [/^WIFI:/i, "WIFI, access to a network"],
  [/^(?:BEGIN:VCARD|MECARD:|BIZCARD:)/i, "VCARD, an address of a person"],
  [/^(?:BEGIN:VEVENT|BEGIN:VCALENDAR)/i, "VEVENT, a date"],
  [/^mailto:|^MATMSG:/i, "MAILTO, a mail address"],
  [/^(?:tel|sms|smsto|mmsto):/i, "TEL, a telephone number"],
  [/^geo:/i, "GEO, a place"],
  [/^otpauth(?:-migration)?:/i, "OTPAUTH, a second factor"],
  [/^LPA:/i, "LPA, an eSIM"],
  [/^did:/i, "DID, a decentralised identifier"],
  [/^(?:weixin|wxp|alipays?|upi|bitcoin|ethereum):/i, "a payment"],
  [/^0002010[12]/, "EMV, a payment"],
  [/^eyJ[A-Za-z0-9_-]+\./, "JWT, a token in JSON"],
  [/^[{[]\s*["{[\]}]/, "JSON"],
  [/^M[1-9][A-Z/ ]{20} /, "BCBP, a boarding pass"],
];

/** Name of the scheme that the text is of, undefined where it shows none that we know. */
export function knownScheme(text: string): string | undefined {
  return SCHEMES.find(([begins]) => begins.test(text))?.[1];
}

/** What stands before a colon, as schemes have it in front: the engine's BAD_PREFIX. */
export function prefixOf(text: string): string | undefined {
  return /^[A-Za-z0-9]{1,8}(?=:)/.exec(text)?.[0];
}
