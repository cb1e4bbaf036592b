/** Which host a repository lives at, by the address of its web pages. */
import type { CodeHost, CodeHosts } from '../../domain/code-host.js';
import { repositoryAddress } from '../../domain/code-hosts/repository-address.js';
import { type GitHubOptions, github } from './github.js';
import { type GitLabOptions, gitlab } from './gitlab.js';

/** The host's settings with its secrets read. */
export type HostOptions = ({ readonly kind: 'github' } & GitHubOptions) | ({ readonly kind: 'gitlab' } & GitLabOptions);

/** One object per repository, so that what it has looked up about itself is kept. */
export function codeHosts(settings: readonly HostOptions[]): CodeHosts {
  const known = new Map<string, CodeHost>();
  const hosts = settings.map((options) => {
    const { host, pathname } = new URL(options.url);
    return { options, host: host.toLowerCase(), prefix: pathname.replace(/^\/+|\/+$/g, '') };
  });
  return (repository) => {
    const address = repositoryAddress(repository);
    const found = address && hosts.find((each) => each.host === address.host && isBelow(address.path, each.prefix));
    if (!address || !found) return undefined;
    const path = address.path.slice(found.prefix.length).replace(/^\//, '');
    const key = `${found.options.url} ${path.toLowerCase()}`;
    const host = known.get(key) ?? open(found.options, path);
    if (host) known.set(key, host);
    return host;
  };
}

const isBelow = (path: string, prefix: string): boolean => prefix === '' || path.startsWith(`${prefix}/`);

function open(options: HostOptions, path: string): CodeHost | undefined {
  const parts = path.split('/').length;
  if (options.kind === 'github') return parts === 2 ? github(options, path) : undefined;
  return parts >= 2 ? gitlab(options, path) : undefined;
}
