/**
 * Reads the compose file as far as the cluster of processes needs it: commands, environments, replicas and configs, with
 * variables filled in by compose's own rules. So both shapes have one source of settings.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { StackProblem } from '../problem.js';

export interface ComposeService {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly replicas: number;
}

export interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  /** Contents by name. */
  readonly configs: Readonly<Record<string, string>>;
}

interface RawService {
  readonly command?: string | readonly string[];
  readonly environment?: Readonly<Record<string, unknown>>;
  readonly deploy?: { readonly replicas?: number };
}

interface RawCompose {
  readonly services: Readonly<Record<string, RawService>>;
  readonly configs?: Readonly<Record<string, { readonly content?: string }>>;
}

/** `values` stand for what would be in `.env`. Throws StackProblem for a variable that must be set and is not. */
export function readCompose(file: string, values: Readonly<Record<string, string | undefined>>): Compose {
  const raw = parse(readFileSync(file, 'utf8'), { merge: true }) as RawCompose;
  const fill = (text: unknown): string => interpolate(String(text), values);
  return {
    services: mapValues(raw.services, (service) => ({
      command: [service.command ?? []].flat().map(fill),
      environment: mapValues(service.environment ?? {}, fill),
      replicas: service.deploy?.replicas ?? 1,
    })),
    configs: mapValues(raw.configs ?? {}, (config) => fill(config.content ?? '')),
  };
}

/** `${X}`, `${X:-default}`, `${X:?why}`, and `$$` for a dollar sign. */
export function interpolate(text: string, values: Readonly<Record<string, string | undefined>>): string {
  return text.replace(/\$\$|\$\{(\w+)(?::([-?])([^}]*))?\}/g, (whole, name?: string, kind?: string, rest?: string) => {
    if (whole === '$$' || name === undefined) return '$';
    const value = values[name];
    if (value) return value;
    if (kind === '?') throw new StackProblem(`${name} is not set: ${rest}.`, true);
    return kind === '-' ? (rest ?? '') : '';
  });
}

/** Service names with their port, as other services write them, become the addresses where the processes are. */
export function withAddresses(
  environment: Readonly<Record<string, string>>,
  addresses: Readonly<Record<string, string>>,
): Record<string, string> {
  const names = Object.keys(addresses).sort((a, b) => b.length - a.length);
  const known = new RegExp(`(?<=^|[@/,])(${names.join('|')}):\\d+`, 'g');
  return mapValues(environment, (text) => text.replace(known, (_all, name: string) => addresses[name] ?? ''));
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
