import type { Command } from "commander";
import { registerChange } from "./change-state.js";

export function register(program: Command): void {
  registerChange(program, "reinstate", "let a suspended card be good again", (authority, card, by) =>
    authority.reinstate(card, by),
  );
}
