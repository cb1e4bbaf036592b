/** Links that a storm may disturb: a proxy between two parts, or the cable of a host in a network namespace. */
import type { Network } from '../e2e/support/netns.js';
import type { TcpProxy } from '../support/tcp-proxy.js';
import type { Random } from './random.js';

export type Weather = 'cut' | 'blackhole' | 'deaf-server' | 'deaf-client' | 'slow';

export interface ChaosLink {
  /** What can happen to it. */
  readonly weathers: readonly Weather[];
  strike(weather: Weather, random: Random): void;
  heal(): void;
}

export const proxyLink = (proxy: TcpProxy): ChaosLink => ({
  weathers: ['cut', 'blackhole', 'deaf-server', 'deaf-client', 'slow'],
  strike(weather, random) {
    if (weather === 'slow') proxy.delay(random.whole(100, 700));
    else proxy.set(weather);
  },
  heal: () => proxy.heal(),
});

/** Everything that goes to and from a host. */
export const hostLink = (network: Network, host: string): ChaosLink => ({
  weathers: ['cut', 'blackhole', 'slow'],
  strike(weather, random) {
    if (weather === 'slow') network.slow(host, random.whole(30, 300));
    else if (weather === 'cut') network.cut(host);
    else network.blackhole(host);
  },
  heal: () => network.heal(host),
});
