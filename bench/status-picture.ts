/** The growth of status snapshots as an SVG: size on the left, processor time on the right, against the credentials. */

export interface Growth {
  credentials: number;
  revoked: number;
  /** Of the body, which is all that an engine holds. */
  bytes: number;
  /** From the first credential read to the last one checked. */
  seconds: number;
  /** Of processor time, over all cores: what `seconds` would be on one core that does nothing else. */
  cpuSeconds: number;
  /** Most memory that the process held. Only of a process that built nothing larger before. */
  peakMebibytes: number;
}

const WIDTH = 760;
const HEIGHT = 440;
const LEFT = 80;
const RIGHT = WIDTH - 80;
const TOP = 50;
const BOTTOM = HEIGHT - 60;

const SIZE_COLOUR = "#0b6e4f";
const TIME_COLOUR = "#b5541c";

/** A logarithmic axis: powers of ten from `first` to `last` between two places of the picture. */
interface Axis {
  first: number;
  last: number;
  from: number;
  to: number;
}

function place({ first, last, from, to }: Axis, value: number): number {
  return from + ((Math.log10(value) - first) / (last - first)) * (to - from);
}

function powers({ first, last }: Axis): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function axisOver(values: readonly number[], from: number, to: number): Axis {
  const first = Math.floor(Math.log10(Math.min(...values)));
  return { first, last: Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values)))), from, to };
}

export function drawGrowth(rows: readonly Growth[]): string {
  const x = axisOver(
    rows.map(({ credentials }) => credentials),
    LEFT,
    RIGHT,
  );
  const size = axisOver(
    rows.map(({ bytes }) => bytes),
    BOTTOM,
    TOP,
  );
  const time = axisOver(
    rows.map(({ cpuSeconds }) => cpuSeconds),
    BOTTOM,
    TOP,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    text(
      WIDTH / 2,
      24,
      "Status snapshots, 1 % revoked: size, and processor time to build and check",
      "middle",
      "#222",
      15,
    ),
    ...powers(x).flatMap((power) => {
      const at = place(x, 10 ** power);
      return [line(at, TOP, at, BOTTOM), text(at, BOTTOM + 20, short(power), "middle")];
    }),
    ...powers(size).flatMap((power) => {
      const at = place(size, 10 ** power);
      return [line(LEFT, at, RIGHT, at), text(LEFT - 8, at + 4, bytesLabel(power), "end", SIZE_COLOUR)];
    }),
    ...powers(time).map((power) =>
      text(RIGHT + 8, place(time, 10 ** power) + 4, secondsLabel(power), "start", TIME_COLOUR),
    ),
    text((LEFT + RIGHT) / 2, HEIGHT - 16, "credentials issued", "middle"),
    text(LEFT, TOP - 12, "size", "middle", SIZE_COLOUR),
    text(RIGHT, TOP - 12, "CPU time", "middle", TIME_COLOUR),
    ...curve(
      rows.map((row) => [place(x, row.credentials), place(size, row.bytes)]),
      SIZE_COLOUR,
    ),
    ...curve(
      rows.map((row) => [place(x, row.credentials), place(time, row.cpuSeconds)]),
      TIME_COLOUR,
    ),
    "</svg>\n",
  ].join("\n");
}

function curve(points: readonly (readonly [number, number])[], colour: string): string[] {
  const path = points.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(" ");
  return [
    `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...points.map(([px, py]) => `<circle cx="${px.toFixed(1)}" cy="${py.toFixed(1)}" r="3.5" fill="${colour}"/>`),
  ];
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  return `<path d="M${x1.toFixed(1)} ${y1.toFixed(1)}L${x2.toFixed(1)} ${y2.toFixed(1)}" stroke="#ddd"/>`;
}

function text(x: number, y: number, content: string, anchor: string, colour = "#222", size = 12): string {
  const at = `x="${x.toFixed(1)}" y="${y.toFixed(1)}"`;
  return `<text ${at} text-anchor="${anchor}" fill="${colour}" font-size="${size}">${content}</text>`;
}

function short(power: number): string {
  return (10 ** power).toLocaleString("en", { notation: "compact" });
}

function bytesLabel(power: number): string {
  if (power >= 6) return `${10 ** (power - 6)} MB`;
  return power >= 3 ? `${10 ** (power - 3)} kB` : `${10 ** power} B`;
}

function secondsLabel(power: number): string {
  return `${(10 ** power).toLocaleString("en")} s`;
}
