/** Where the API is: a server elsewhere, or the stack that is up. */
import { runningStack } from '../workers/stack/manifest.js';
import { apiKey, type Context } from './context.js';
import { CommandEnd, EXIT } from './exit-codes.js';

/** Address and key; undefined: nothing is up. */
export function knownAddress({ settings }: Context): [string, string | undefined] | undefined {
  const url = settings.apiUrl ? settings.apiUrls.join(',') : runningStack(settings.home)?.api;
  return url === undefined ? undefined : [url, apiKey(settings)];
}

export function addressOf(context: Context): [string, string | undefined] {
  const known = knownAddress(context);
  if (known) return known;
  throw new CommandEnd('Nothing is up; `baton up` starts it.', EXIT.unknown);
}
