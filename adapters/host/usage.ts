/** Processor, memory, disk, network and processes of this machine: from `/proc` on Linux, from Node elsewhere. */
import { readdir, readFile } from 'node:fs/promises';
import { cpus, freemem, loadavg, totalmem } from 'node:os';
import type { Load } from '../../domain/gate.js';
import type { Sample } from '../../domain/monitoring/ports.js';
import { diskUsage } from '../probes/disk.js';

interface Ticks {
  readonly busy: number;
  readonly all: number;
}
interface Traffic {
  readonly at: number;
  readonly received: number;
  readonly sent: number;
}

export interface HostUsage {
  /** Shares since the call before; the first call looks twice, a moment apart. */
  sample(): Promise<Sample[]>;
}

const FIRST_MS = 250;

export function hostUsage(dataDir: string): HostUsage {
  let ticks: Ticks | undefined;
  let traffic: Traffic | undefined;
  return {
    async sample() {
      if (!ticks) {
        ticks = await processorTicks();
        await new Promise((resolve) => setTimeout(resolve, FIRST_MS));
      }
      const [now, memory, disk, processes, network] = await Promise.all([
        processorTicks(),
        memoryUsage(),
        diskUsage(dataDir),
        processCount(),
        networkTraffic(),
      ]);
      const all = now.all - ticks.all;
      const samples: Sample[] = [
        ...(all > 0
          ? [{ name: 'system.cpu_usage', value: Math.min(1, Math.max(0, (now.busy - ticks.busy) / all)) }]
          : []),
        { name: 'system.memory_usage', value: memory },
        { name: 'system.disk_usage', value: disk.ratio },
        { name: 'system.disk_free_bytes', value: disk.freeBytes },
        { name: 'system.load_1m', value: loadavg()[0] ?? 0 },
        ...(processes === undefined ? [] : [{ name: 'system.processes', value: processes }]),
        ...rates(traffic, network),
      ];
      ticks = now;
      traffic = network;
      return samples;
    },
  };
}

/** Cheap enough for every second. Of processors the share since the call before; the first call knows none. */
export function hostLoad(): () => Promise<Load> {
  let before: Ticks | undefined;
  return async () => {
    const [now, memory] = await Promise.all([processorTicks(), memoryUsage()]);
    const all = now.all - (before?.all ?? now.all);
    const processors = all > 0 ? (now.busy - before!.busy) / all : 0;
    before = now;
    return { processors, memory };
  };
}

/** Waiting for a disk is idle time: the processor could do something else. */
async function processorTicks(): Promise<Ticks> {
  const stat = await readFile('/proc/stat', 'utf8').catch(() => undefined);
  if (stat !== undefined) {
    const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, steal = 0] =
      /^cpu +(.*)$/m.exec(stat)?.[1]?.split(' ').map(Number) ?? [];
    const busy = user + nice + system + irq + soft + steal;
    return { busy, all: busy + idle + wait };
  }
  const times = cpus().map(({ times }) => times);
  const sum = (of: (t: (typeof times)[number]) => number): number => times.reduce((total, t) => total + of(t), 0);
  const busy = sum((t) => t.user + t.nice + t.sys + t.irq);
  return { busy, all: busy + sum((t) => t.idle) };
}

async function memoryUsage(): Promise<number> {
  const info = await readFile('/proc/meminfo', 'utf8').catch(() => undefined);
  const kb = (name: string): number =>
    Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(info ?? '')?.[1] ?? Number.NaN);
  const [total, available] = info === undefined ? [totalmem(), freemem()] : [kb('MemTotal'), kb('MemAvailable')];
  return (total - available) / total;
}

async function processCount(): Promise<number | undefined> {
  const names = await readdir('/proc').catch(() => undefined);
  return names?.filter((name) => /^\d+$/.test(name)).length;
}

async function networkTraffic(): Promise<Traffic | undefined> {
  const text = await readFile('/proc/net/dev', 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const lines = [...text.matchAll(/^ *([^:\s]+): *(.*)$/gm)].filter(([, name]) => name !== 'lo');
  const column = (i: number): number =>
    lines.reduce((sum, [, , rest]) => sum + Number(rest!.trim().split(/ +/)[i] ?? 0), 0);
  return { at: performance.now(), received: column(0), sent: column(8) };
}

function rates(before: Traffic | undefined, now: Traffic | undefined): Sample[] {
  if (!before || !now || now.at <= before.at) return [];
  const seconds = (now.at - before.at) / 1000;
  // An interface that was taken away takes its count with it.
  const rate = (name: string, bytes: number): Sample[] => (bytes < 0 ? [] : [{ name, value: bytes / seconds }]);
  return [
    ...rate('system.network_received', now.received - before.received),
    ...rate('system.network_sent', now.sent - before.sent),
  ];
}
