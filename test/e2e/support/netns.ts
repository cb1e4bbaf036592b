/** Hosts as network namespaces on one bridge: links that can be cut, made silent, slowed and healed. Linux, root. */
import { execFileSync } from 'node:child_process';
import type { Place } from '../../../workers/stack/cluster/layout.js';

export interface Network {
  /** `host` is one of those the network was made with. */
  place(host: string): Place;
  /** The cable is out: connections fail. */
  cut(host: string): void;
  /** Packets vanish: nobody is told anything. */
  blackhole(host: string): void;
  /** At most so many kilobytes a second, each way, with a queue that adds up to half a second. */
  slow(host: string, kilobytesPerSecond: number): void;
  heal(host: string): void;
  remove(): void;
}

const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: 'pipe' });
const tc = (...args: string[]): void => void execFileSync('tc', args, { stdio: 'pipe' });

/** Whether this process may make namespaces and give them addresses. */
export function hasNamespaces(): boolean {
  const name = `bprobe${process.pid}`;
  try {
    ip('netns', 'add', name);
    ip('netns', 'del', name);
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

/** Names and addresses carry the pid, so that two runs on one machine do not meet. Throws what `ip` says. */
export function makeNetwork(hosts: readonly string[]): Network {
  const id = process.pid % 10_000;
  const bridge = `bbr${id}`;
  const net = `10.${64 + (id >> 8)}.${id & 255}`;
  const space = (host: string): string => `b${id}-${host}`;
  const outer = (host: string): string => `bv${id}${host}`.slice(0, 15);
  const address = (host: string): string => `${net}.${hosts.indexOf(host) + 2}`;
  const remove = (): void => {
    for (const host of hosts) quietly(() => ip('netns', 'del', space(host)));
    quietly(() => ip('link', 'del', bridge));
  };
  try {
    ip('link', 'add', bridge, 'type', 'bridge');
    ip('addr', 'add', `${net}.1/24`, 'dev', bridge);
    ip('link', 'set', bridge, 'up');
    for (const host of hosts) {
      ip('netns', 'add', space(host));
      ip('link', 'add', outer(host), 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space(host));
      ip('link', 'set', outer(host), 'master', bridge, 'up');
      ip('-n', space(host), 'addr', 'add', `${address(host)}/24`, 'dev', 'eth0');
      ip('-n', space(host), 'link', 'set', 'eth0', 'up');
      ip('-n', space(host), 'link', 'set', 'lo', 'up');
    }
  } catch (error) {
    remove();
    throw error;
  }
  return {
    place: (host) => ({ host: address(host), wrap: ['ip', 'netns', 'exec', space(host)] }),
    cut: (host) => ip('-n', space(host), 'link', 'set', 'eth0', 'down'),
    blackhole: (host) => ip('link', 'set', outer(host), 'nomaster'),
    slow(host, kilobytesPerSecond) {
      const shape = ['root', 'tbf', 'rate', `${kilobytesPerSecond * 8}kbit`, 'burst', '16kb', 'latency', '500ms'];
      tc('qdisc', 'replace', 'dev', outer(host), ...shape);
      tc('-n', space(host), 'qdisc', 'replace', 'dev', 'eth0', ...shape);
    },
    heal(host) {
      ip('link', 'set', outer(host), 'master', bridge, 'up');
      ip('-n', space(host), 'link', 'set', 'eth0', 'up');
      quietly(() => tc('qdisc', 'del', 'dev', outer(host), 'root'));
      quietly(() => tc('-n', space(host), 'qdisc', 'del', 'dev', 'eth0', 'root'));
    },
    remove,
  };
}

/** For what may be gone already. */
function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // It is not there: nothing is left to remove.
  }
}
