/** What a storm needs of a stack: its parts with their process ids, its links and disks, and where its API and logs are. */
import type { ChaosLink } from './links.js';

/** A storm kills any batch's runners many times over: none of them is the batch's fault. */
export const STORM_ENV = { BATON_POISON_AFTER: '100' };

export type PartKind = 'runner' | 'control' | 'api' | 'temporal' | 'postgres';

export interface ChaosPart {
  readonly name: string;
  readonly kind: PartKind;
  /** 0 while it is down. */
  readonly pid: number;
  /** Processes that die with it, such as the children of a postmaster. */
  readonly also?: readonly number[];
  /** How to start it again; absent where the stack does so by itself. */
  readonly restart?: () => Promise<void>;
}

export interface Shape {
  readonly name: string;
  /** Of its API processes; whoever asks takes the next when one does not answer. */
  readonly apis: readonly string[];
  /** A key of the API, where it asks for one. */
  readonly token?: string | undefined;
  /** Where runners keep what is not acknowledged yet. */
  readonly spool: string;
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly links: Readonly<Record<string, ChaosLink>>;
  /** Folders on small disks of their own that a storm may fill, by what is kept there. */
  readonly disks: Readonly<Record<string, string>>;
  /** As things are now. */
  parts(): ChaosPart[];
  logs(): string[];
  stop(): Promise<void>;
}
