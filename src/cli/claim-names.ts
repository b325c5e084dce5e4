/** Claim 169 keys in words (MOSIP Claim 169 specification 1.2.0, section 3.1); 75 is ours. */
const NAMES: Record<string, string> = {
  1: "ID number",
  2: "version",
  3: "language",
  4: "full name",
  5: "first name",
  6: "middle name",
  7: "last name",
  8: "date of birth",
  9: "gender",
  10: "address",
  11: "email",
  12: "phone",
  13: "nationality",
  14: "marital status",
  15: "guardian",
  16: "photo",
  17: "photo format",
  18: "best fingers",
  19: "second full name",
  20: "second language",
  21: "location code",
  22: "legal status",
  23: "country of issuance",
  75: "tier",
};

export function claimName(key: string): string {
  return NAMES[key] ?? `claim ${key}`;
}
