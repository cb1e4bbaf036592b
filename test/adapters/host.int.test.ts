/** Figures of this machine against what the system itself says. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { hostLoad, hostUsage } from '../../adapters/host/usage.js';

const ticks = (): { busy: number; all: number } => {
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, steal = 0] = (
    /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? ''
  )
    .split(' ')
    .map(Number);
  const busy = user + nice + system + irq + soft + steal;
  return { busy, all: busy + idle + wait };
};

it.runIf(process.platform === 'linux')('processors, memory and disk are within 5 % of /proc and df', async () => {
  const host = hostUsage(tmpdir());
  await host.sample();
  const look = hostLoad();
  await look();
  const before = ticks();
  const until = performance.now() + 1500;
  while (performance.now() < until) Math.sqrt(Math.random());
  const samples = new Map((await host.sample()).map(({ name, value }) => [name, value]));
  const after = ticks();
  const busy = (after.busy - before.busy) / (after.all - before.all);
  expect(Math.abs(samples.get('system.cpu_usage')! - busy)).toBeLessThan(0.05);
  const free = execFileSync('free', ['-k'], { encoding: 'utf8' });
  const [, total = 0, , , , , available = 0] = (/^Mem:.*$/m.exec(free)?.[0] ?? '').split(/ +/).map(Number);
  expect(Math.abs(samples.get('system.memory_usage')! - (total - available) / total)).toBeLessThan(0.05);
  const df = Number(/(\d+)%/.exec(execFileSync('df', ['--output=pcent', tmpdir()], { encoding: 'utf8' }))?.[1]) / 100;
  expect(Math.abs(samples.get('system.disk_usage')! - df)).toBeLessThan(0.05);
  const load = await look();
  expect(Math.abs(load.processors - busy)).toBeLessThan(0.05);
  expect(Math.abs(load.memory - (total - available) / total)).toBeLessThan(0.05);
  expect(samples.get('system.processes')).toBeGreaterThan(2);
  expect([...samples.keys()]).toContain('system.network_received');
});
