import { quantile, rates, readSample, type Sample } from "./metrics.js";

/** The page at `/`: asks the server for its metrics once a second and draws what changed. */

const KEEP_SECONDS = 120;
const CODES_SECONDS = 10;
const OUTCOMES: Record<string, string> = {
  VALID: "accepted",
  STATUS_NOT_COVERED: "undetermined",
  STATUS_STALE: "undetermined",
  STATUS_UNKNOWN: "undetermined",
  CLOCK_WRONG: "undetermined",
  NAME_REVIEW: "undetermined",
  BUSY: "undetermined",
  INTERNAL: "undetermined",
};

const samples: Sample[] = [];

function element(id: string): Element {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

function milliseconds(seconds: number | undefined): string {
  return seconds === undefined ? "–" : `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms`;
}

async function tick(): Promise<void> {
  try {
    const response = await fetch("/metrics", { cache: "no-store", signal: AbortSignal.timeout(5000) });
    if (!response.ok) throw new Error(`the server answers ${response.status}`);
    samples.push(readSample(await response.text(), performance.now() / 1000));
    while ((samples[0]?.at ?? 0) < performance.now() / 1000 - KEEP_SECONDS) samples.shift();
    draw();
    say("live");
  } catch {
    say("no answer from the server");
  }
}

function say(state: string): void {
  const shown = element("state");
  if (shown.textContent !== state) shown.textContent = state;
  document.body.classList.toggle("waiting", state !== "live");
}

function draw(): void {
  const last = samples[samples.length - 1];
  const previous = samples[samples.length - 2];
  if (last === undefined || previous === undefined) return;
  const total = [...last.verdicts.values()].reduce((sum, count) => sum + count, 0);
  const now = rates(previous, last).reduce((sum, { rate }) => sum + rate, 0);
  element("rate").textContent = number.format(now);
  element("total").textContent = number.format(total);
  element("epoch").textContent = last.statusEpoch === 0 ? "–" : String(last.statusEpoch);
  const recent = samples.find(({ at }) => at >= last.at - CODES_SECONDS - 0.5) ?? previous;
  element("p50").textContent = milliseconds(quantile(recent, last, 0.5));
  element("p99").textContent = milliseconds(quantile(recent, last, 0.99));
  drawCodes(recent, last);
  drawChart();
}

function drawCodes(from: Sample, to: Sample): void {
  const found = rates(from, to);
  const all = found.reduce((sum, { rate }) => sum + rate, 0);
  const rows = found.map(({ code, rate }) => {
    const row = document.createElement("tr");
    const name = document.createElement("td");
    name.textContent = code;
    row.className = OUTCOMES[code] ?? "refused";
    const count = document.createElement("td");
    count.textContent = number.format(rate);
    const share = document.createElement("td");
    const meter = document.createElement("meter");
    meter.value = rate / all;
    meter.title = `${((100 * rate) / all).toFixed(1)} %`;
    meter.setAttribute("aria-label", meter.title);
    share.append(meter);
    row.append(name, count, share);
    return row;
  });
  element("codes")
    .querySelector("tbody")
    ?.replaceChildren(...rows);
}

function drawChart(): void {
  const newest = samples[samples.length - 1]?.at ?? 0;
  const points = samples.slice(1).map((sample, i) => {
    const rate = rates(samples[i] ?? sample, sample).reduce((sum, each) => sum + each.rate, 0);
    return { x: 960 * (1 - (newest - sample.at) / KEEP_SECONDS), rate };
  });
  const peak = Math.max(1, ...points.map(({ rate }) => rate));
  const path = points.map(({ x, rate }) => `${x.toFixed(1)},${(215 - (205 * rate) / peak).toFixed(1)}`).join("L");
  const first = points[0]?.x.toFixed(1) ?? "0";
  element("line").setAttribute("d", path && `M${path}`);
  element("area").setAttribute("d", path && `M${first},220L${path}L960,220Z`);
  element("peak").textContent = `peak ${number.format(peak)}/s`;
}

setInterval(() => {
  void tick();
}, 1000);
void tick();
