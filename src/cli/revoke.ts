import type { Command } from "commander";
import { registerChange } from "./change-state.js";

export function register(program: Command): void {
  registerChange(program, "revoke", "end a card for good", (authority, card, by) => authority.revoke(card, by));
}
