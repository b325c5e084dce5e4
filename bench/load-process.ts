import { load, type LoadOrders, type LoadReport } from "./load.js";

/** The load generator in a process of its own. It says when all connections are open, and what came of it. */
export type LoadMessage = { open: true } | { report: LoadReport };

process.once("message", (orders: LoadOrders) => {
  const tell = (message: LoadMessage, done: () => void = () => undefined): void => {
    process.send?.(message, done);
  };
  load(orders, () => {
    tell({ open: true });
  }).then(
    (report) => {
      tell({ report }, () => process.exit(0));
    },
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
