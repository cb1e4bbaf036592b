/** Whether a trigger fires for what happened. Patterns are matched by what the caller gives, which is linear in time. */
import type { Happening } from './happening.js';
import type { Trigger } from './trigger.schema.js';

export type Matches = (pattern: string, text: string) => boolean;

/** Undefined: it fires. Else why not, in a few words. */
export function whyNot(trigger: Trigger, happening: Happening, address: string, matches: Matches): string | undefined {
  if (!trigger.enabled) return 'disabled';
  const any = (patterns: readonly string[], text: string | null): boolean =>
    text !== null && patterns.some((pattern) => matches(pattern, text));
  switch (trigger.type) {
    case 'webhook': {
      if (trigger.url !== address) return `listens at ${trigger.url}`;
      const kinds: readonly string[] = happening.event === 'merge' ? ['merge', 'pull_request'] : [happening.event];
      if (!trigger.events.some((event) => kinds.includes(event))) return `not for the event ${happening.event}`;
      if (trigger.repositories.length > 0 && !any(trigger.repositories, happening.path))
        return `not for the repository ${happening.path}`;
      if (happening.event === 'pull_request' && happening.pullRequest?.state !== 'open')
        return 'the pull request was closed';
      if (happening.pullRequest?.fork && happening.event === 'pull_request')
        return 'the pull request comes from a fork: start it by hand with `baton run --untrusted` after a look at it';
      if (['deployment', 'release', 'tag'].includes(happening.event)) return undefined;
      return whyNotBranch(trigger, happening, any);
    }
    case 'git':
      if (happening.event !== 'push' || happening.repository !== trigger.dir) return 'watches another clone';
      return whyNotBranch(trigger, happening, any);
    case 'files':
      if (happening.event !== 'files' || happening.repository !== trigger.dir) return 'watches another directory';
      return happening.paths?.some((path) => any(trigger.paths, path)) ? undefined : 'no file matches `paths`';
    case 'event':
      if (happening.event !== 'event') return 'waits for events';
      if (!any(trigger.types, happening.type)) return `not for events of the type ${happening.type}`;
      return trigger.sources.length === 0 || any(trigger.sources, happening.source)
        ? undefined
        : `not for events from ${happening.source}`;
    case 'api':
      return happening.event === 'api' && address === `/api/triggers/${trigger.name}/fire`
        ? undefined
        : 'waits for its token';
  }
}

function whyNotBranch(
  { branches, paths }: { branches: readonly string[]; paths: readonly string[] },
  happening: Happening,
  any: (patterns: readonly string[], text: string | null) => boolean,
): string | undefined {
  if (!any(branches, happening.branch)) return `not for the branch ${happening.branch}`;
  // Not told means that there may be one.
  if (paths.length === 0 || happening.paths === null) return undefined;
  return happening.paths.some((path) => any(paths, path)) ? undefined : 'no changed file matches `paths`';
}
