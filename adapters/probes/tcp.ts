import type { Probe } from '../../domain/monitoring/health.js';
import { open, type Reach } from './guarded.js';

/** Opens a connection and closes it. */
export function tcpCheck(target: Reach & { readonly host: string; readonly port: number }): Probe['check'] {
  return async (signal) => {
    (await open(target.host, target.port, target, signal as AbortSignal)).destroy();
    return { status: 'healthy', sentence: `${target.host}:${target.port} accepts connections` };
  };
}
