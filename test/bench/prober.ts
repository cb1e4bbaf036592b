/**
 * Asks the API every 100 ms from a process of its own, until its standard input ends; then prints how long each answer
 * took. A question is asked when its time has come, whether or not the one before was answered: a slow answer hides no
 * later one.
 */
const EVERY_MS = 100;

export interface Probe {
  readonly route: string;
  readonly asked: number;
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const [base = '', run = ''] = process.argv.slice(2);
const routes = ['/healthz', '/api/runs', `/api/runs/${run}`];
const took = new Map(routes.map((route) => [route, [] as number[]]));
const failures = new Map<string, number>();
const open = new Set<Promise<void>>();

async function ask(route: string): Promise<void> {
  const began = performance.now();
  try {
    const response = await fetch(`${base}${route}`, { signal: AbortSignal.timeout(30_000) });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${response.status}`);
  } catch {
    failures.set(route, (failures.get(route) ?? 0) + 1);
  }
  took.get(route)!.push(performance.now() - began);
}

const timer = setInterval(() => {
  for (const route of routes) {
    const asked: Promise<void> = ask(route).finally(() => open.delete(asked));
    open.add(asked);
  }
}, EVERY_MS);

process.stdin.resume();
process.stdin.once('end', async () => {
  clearInterval(timer);
  await Promise.all(open);
  const probes = routes.map((route): Probe => {
    const sorted = took.get(route)!.sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    const name = route.replace(run, ':id');
    return {
      route: name,
      asked: sorted.length,
      failed: failures.get(route) ?? 0,
      p50: at(0.5),
      p99: at(0.99),
      max: sorted.at(-1) ?? 0,
    };
  });
  process.stdout.write(JSON.stringify(probes), () => process.exit(0));
});
