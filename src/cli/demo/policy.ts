import type { PolicyTable } from "../../policy/policy.js";

/** What the pilot district accepts: trains for every card, a bank account for full ones only. */
export const PILOT_POLICY: PolicyTable = {
  hufuPolicy: 1,
  name: "pilot district",
  rules: [
    { purpose: "rail-boarding", regions: ["1101"], claims: [1, 4] },
    { purpose: "hotel-checkin", regions: ["1101"], minTier: "full", minAge: 18, claims: [1, 4, 8, 9] },
    { purpose: "bank-account", regions: ["110105"], minTier: "full", minAge: 16, claims: [1, 4, 8, 10] },
  ],
};
