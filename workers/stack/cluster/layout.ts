/** Where each part of a cluster is: addresses and ports, before anything is started. */
import { isFree } from '../ports.js';
import { INSIDE_PORTS, type TemporalPorts } from './temporal-server.js';

/** Where a part lives. Default: on loopback, started as it is. */
export interface Place {
  readonly host: string;
  /** Put before the program, such as `ip netns exec NAME`. */
  readonly wrap?: readonly string[];
}

export type PlaceOf = (part: string) => Place;

export const onLoopback: PlaceOf = () => ({ host: '127.0.0.1' });

export interface Layout {
  readonly temporal: TemporalPorts;
  readonly temporalDb: number;
  readonly ledger: number;
  readonly s3: number;
  readonly apis: readonly number[];
}

/**
 * Temporal keeps the ports of its services in 16 bits with a sign. And below 32,768 no outgoing connection takes the
 * port of a part that is being started again.
 */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** Ports of other hosts cannot be tried from here; they are the services' usual ones, and free where only the cluster lives. */
export async function layOut(apis: number, placeOf: PlaceOf): Promise<Layout> {
  const taken = new Set<number>();
  const port = async (part: string, usual: number): Promise<number> => {
    const { host, wrap } = placeOf(part);
    if (wrap) return usual;
    for (;;) {
      const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
      if (taken.has(port) || !(await isFree(host, port))) continue;
      taken.add(port);
      return port;
    }
  };
  const inside: number[] = [];
  for (const at of INSIDE_PORTS.keys()) inside.push(await port('temporal', 17_240 + at));
  const apiPorts: number[] = [];
  for (let at = 0; at < apis; at++) apiPorts.push(await port(`api-${at + 1}`, 8080 + at));
  return {
    temporal: { grpc: await port('temporal', 7233), inside },
    temporalDb: await port('temporal-db', 15_432),
    ledger: await port('ledger', 15_433),
    s3: await port('s3', 7070),
    apis: apiPorts,
  };
}
