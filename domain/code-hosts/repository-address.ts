/** Where a repository lives, read from its address; the same place has several spellings. */

export interface RepositoryAddress {
  /** Lower case, with a port when one is named: `github.com`, `git.example.org:8443`. */
  readonly host: string;
  /** Without `.git` and slashes at the ends: `acme/shop`, `group/sub/shop`. */
  readonly path: string;
}

const SCP_LIKE = /^[\w.-]+@([A-Za-z0-9][\w.-]*):(?!\/\/)(.+)$/;
const WITH_SCHEME = /^(https?|ssh|git):\/\/(?:[^/@]*@)?([^/]+)\/(.+)$/;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { https: ':443', http: ':80', ssh: ':22', git: ':9418' };

/** Undefined for a directory, and for anything that is no address of a repository. */
export function repositoryAddress(text: string): RepositoryAddress | undefined {
  const scp = SCP_LIKE.exec(text);
  if (scp) return addressOf(scp[1] ?? '', scp[2] ?? '');
  const url = WITH_SCHEME.exec(text);
  if (!url) return undefined;
  const [, scheme = '', host = '', path = ''] = url;
  const port = DEFAULT_PORTS[scheme] ?? '';
  return addressOf(host.endsWith(port) ? host.slice(0, -port.length) : host, path);
}

function addressOf(host: string, path: string): RepositoryAddress | undefined {
  const clean = path.replace(/^\/+|\/+$/g, '').replace(/\.git$/, '');
  return clean === '' || /[\s?#]/.test(clean) ? undefined : { host: host.toLowerCase(), path: clean };
}

/** Whether two addresses name the same repository; hosts compare paths without regard to case. */
export function sameRepository(one: string, other: string): boolean {
  const [a, b] = [repositoryAddress(one), repositoryAddress(other)];
  if (!a || !b) return one === other;
  return a.host === b.host && a.path.toLowerCase() === b.path.toLowerCase();
}

/** One word for one place, in every spelling; a directory stands for itself. */
export function placeOf(repository: string): string {
  const address = repositoryAddress(repository);
  return address ? `${address.host}/${address.path}`.toLowerCase() : repository;
}
