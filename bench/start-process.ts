import { Engine } from "../src/engine/engine.js";

/** Told the trusted keys, times how long a process that has nothing compiled takes until it can verify. */
process.once("message", (jwks: string) => {
  const began = performance.now();
  Engine.create({ trust: jwks }).then(
    () => process.send?.(performance.now() - began, () => process.exit(0)),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
