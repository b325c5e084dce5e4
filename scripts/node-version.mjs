// Imported first by whatever starts here: what comes after may not even parse on an older Node.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`hufu: Node ${process.versions.node} is too old; install Node 20.19 or newer.\n`);
  process.exit(2);
}
