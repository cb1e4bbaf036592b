/** What a stack can be told, and what it does when it is not told. */
import type { TemporalSource } from '../../scripts/lib/temporal-server.mjs';
import type { Manifest } from './manifest.js';
import type { Say } from './part.js';

export const DEFAULT_PORTS = { api: 8080, temporal: 7233, ui: 8233 } as const;
export const DEFAULT_RUNNERS = { min: 2, max: 5 } as const;
export const DEFAULT_START_TIMEOUT_MS = 90_000;
/** A little longer than the processes' own limit, so that they end by themselves. */
export const DEFAULT_STOP_TIMEOUT_MS = 20_000;
export const NAMESPACE = 'default';
/** Whoever reaches the embedded Temporal server may do everything there: it never leaves this machine. */
export const LOOPBACK = '127.0.0.1';

export interface StackOptions {
  /** Data directory; made when missing. */
  readonly home: string;
  /** Asked only when this process brings the stack up, at the same time as other checks. */
  readonly temporal: () => Promise<TemporalSource>;
  /** The environment that control inherits; runners get it without what is secret. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of the API only. */
  readonly host?: string;
  /** TCP ports; 0 takes any free one. */
  readonly ports?: { readonly api: number; readonly temporal: number; readonly ui: number };
  /** How many runners: so many, or from `min` to `max` as work comes and goes. Default: 2 to 5. */
  readonly runners?: number | { readonly min: number; readonly max: number };
  /** When the pool of runners grows and shrinks, in milliseconds. */
  readonly scaling?: { readonly coolDownMs?: number; readonly idleMs?: number };
  /** Goes down with the command that brought it up. */
  readonly temporary?: boolean;
  readonly say?: Say;
  /** Main files; default: the compiled ones. */
  readonly entries?: { readonly control: string; readonly runner: string };
  readonly startTimeoutMs?: number;
  /** How long control and each runner may take to end before they are killed. */
  readonly stopTimeoutMs?: number;
  /** Ends a start that is under way: everything is stopped, then `startStack` rejects. */
  readonly signal?: AbortSignal;
}

export interface Stack {
  readonly manifest: Manifest;
  /** False: another process has brought it up, and `stop` only leaves it. */
  readonly own: boolean;
  /** Ends every part. Resolves when no process is left. May be called again. */
  stop(): Promise<void>;
}
