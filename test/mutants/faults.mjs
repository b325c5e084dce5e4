// One-line faults of the kinds that people make, found in the syntax tree so that comments, strings and types are left
// alone. The same seed gives the same list over the same sources.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const OPERATORS = new Map([
  ["<", "<="],
  ["<=", "<"],
  [">", ">="],
  [">=", ">"],
  ["==", "!="],
  ["!=", "=="],
  ["===", "!=="],
  ["!==", "==="],
  ["+", "-"],
  ["-", "+"],
  ["*", "+"],
  ["<<", ">>"],
  [">>", "<<"],
  [">>>", "<<"],
  ["&", "|"],
  ["|", "&"],
  ["^", "|"],
  ["&&", "||"],
  ["||", "&&"],
  ["+=", "-="],
  ["-=", "+="],
  ["|=", "&="],
]);

/** What only the debug build has: the shipped engine is compiled without. */
const ONLY_DEBUG = /^(assert|unreachable)$/;

/** The last two arguments of these may change places. */
const COMMUTATIVE = /(^|\.)(mul|mulOrder|add|and|or|xor|eq|ne|max|min)$/;

/**
 * Every fault that can be planted in `file`: `start` and `end` are where in the text, `insert` what comes there.
 * @returns {{ kind: string, file: string, line: number, start: number, end: number, insert: string }[]}
 */
export function faultsOf(root, file) {
  const text = readFileSync(join(root, file), "utf8");
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const faults = [];
  const plant = (kind, node, start, end, insert) => {
    const line = source.getLineAndCharacterOfPosition(start).line + 1;
    if (text.slice(start, end).includes("\n")) return;
    faults.push({ kind, file, line, start, end, insert });
  };
  const visit = (node) => {
    if (skipped(node)) return;
    if (ts.isBinaryExpression(node)) operator(node);
    else if (ts.isNumericLiteral(node)) constant(node);
    else if (ts.isIfStatement(node)) negated(node.expression);
    else if (ts.isExpressionStatement(node) && ts.isCallExpression(node.expression)) dropped(node);
    if (ts.isCallExpression(node)) swapped(node);
    ts.forEachChild(node, visit);
  };
  const operator = ({ operatorToken: token }) => {
    const other = OPERATORS.get(token.getText());
    if (other !== undefined) plant("operator", token, token.getStart(), token.end, other);
  };
  const constant = (node) => {
    if (!/^(0x[0-9a-f_]+|[0-9_]+)$/i.test(node.getText())) return;
    const value = BigInt(node.getText().replaceAll("_", ""));
    plant("constant", node, node.getStart(), node.end, String(value + 1n));
    if (value > 0n) plant("constant", node, node.getStart(), node.end, String(value - 1n));
  };
  const negated = (condition) => {
    plant("negated", condition, condition.getStart(), condition.end, `!(${condition.getText()})`);
  };
  const dropped = (node) => {
    plant("dropped", node, node.getStart(), node.end, ";");
  };
  const swapped = ({ arguments: list, expression }) => {
    const swappable = list.length - (COMMUTATIVE.test(expression.getText()) ? 2 : 1);
    for (let i = 0; i < swappable; i++) {
      const [a, b] = [list[i], list[i + 1]];
      if (a.getText() === b.getText()) continue;
      const between = text.slice(a.end, b.getStart());
      plant("swapped", a, a.getStart(), b.end, `${b.getText()}${between}${a.getText()}`);
    }
  };
  visit(source);
  return faults;
}

function skipped(node) {
  return (
    ts.isImportDeclaration(node) ||
    ts.isExportDeclaration(node) ||
    ts.isTypeNode(node) ||
    ts.isDecorator(node) ||
    (ts.isCallExpression(node) && ONLY_DEBUG.test(node.expression.getText())) ||
    // What is thrown is words for people.
    (ts.isNewExpression(node) && /Error$/.test(node.expression.getText()))
  );
}

/** All faults of all files in an order that the seed decides: the first so many are a fair sample. */
export function shuffled(faults, seed) {
  const random = mulberry32(seed);
  const list = [...faults];
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}

/** A small generator of known quality (T. Ettinger, public domain). */
function mulberry32(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** The line before and after. */
export function diffOf(root, { file, line, start, end, insert }) {
  const text = readFileSync(join(root, file), "utf8");
  const changed = text.slice(0, start) + insert + text.slice(end);
  return { from: text.split("\n")[line - 1].trim(), to: changed.split("\n")[line - 1].trim() };
}

/** In turns: one of each kind in each file first, so that no unrolled field arithmetic crowds out the rest. */
export function inTurns(faults) {
  const seen = new Map();
  const ranked = faults.map((fault) => {
    const key = `${fault.file} ${fault.kind}`;
    const rank = seen.get(key) ?? 0;
    seen.set(key, rank + 1);
    return { fault, rank };
  });
  return ranked.sort((a, b) => a.rank - b.rank).map(({ fault }) => fault);
}
