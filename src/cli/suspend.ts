import type { Command } from "commander";
import { registerChange } from "./change-state.js";

export function register(program: Command): void {
  registerChange(program, "suspend", "stop a card until it is reinstated", (authority, card, by) =>
    authority.suspend(card, by),
  );
}
