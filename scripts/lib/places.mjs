/** Where Baton keeps things on this machine. Plain paths; nothing is created here. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** @typedef {Readonly<Record<string, string | undefined>>} Env */

/** Things that can be fetched or built again: `$BATON_CACHE`, `$XDG_CACHE_HOME/baton` or `~/.cache/baton`. @param {Env} env */
export function cacheDir(env) {
  if (env['BATON_CACHE']) return resolve(env['BATON_CACHE']);
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'baton');
}

/** Data that must be kept: `$BATON_HOME` or `~/.baton`. @param {Env} env */
export function batonHome(env) {
  return resolve(env['BATON_HOME'] || join(homedir(), '.baton'));
}
