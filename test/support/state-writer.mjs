// Raises one mark in a state folder that others share, tells each number once it is kept, and goes on until it is killed.
import { StateFolder } from "../../dist/src/engine/state-folder.js";

const [folder, mark, from] = process.argv.slice(2);
const state = await StateFolder.open(folder);
for (let number = Number(from) + 1; ; number++) {
  await state.raise("shared", new Map([[mark, number]]));
  process.send(number);
}
