/** GitHub and GitLab as the settings name them, for every capability that speaks to one. */
import { codeHosts, type HostOptions } from '../../adapters/code-hosts/index.js';
import type { CodeHosts } from '../../domain/code-host.js';
import type { CodeHostSettings } from '../../domain/code-hosts/code-hosts.schema.js';
import type { Installation } from '../../domain/installation.schema.js';
import type { Settings } from '../config.js';
import type { Secrets } from '../installation.js';

/** The hosts of the settings file; without one, a `GITHUB_TOKEN` of the environment is enough for github.com. */
export function openCodeHosts(
  settings: Pick<Settings, 'environment'>,
  installation: Pick<Installation, 'codeHosts'>,
  secrets: Secrets,
): CodeHosts {
  const token = settings.environment['GITHUB_TOKEN'];
  if (installation.codeHosts.length === 0 && token)
    return codeHosts([{ kind: 'github', url: 'https://github.com', access: { token } }]);
  return codeHosts(installation.codeHosts.map((host, at) => optionsOf(host, `codeHosts.${at}`, secrets)));
}

function optionsOf(host: CodeHostSettings, where: string, secrets: Secrets): HostOptions {
  if (host.kind === 'gitlab') return { kind: 'gitlab', url: host.url, token: secrets(host.token, `${where}.token`) };
  const { url, apiUrl, paced, token, app } = host;
  const access = app
    ? { app: app.id, privateKey: secrets(app.privateKey, `${where}.app.privateKey`), installation: app.installation }
    : { token: token ? secrets(token, `${where}.token`) : '' };
  return { kind: 'github', url, apiUrl, paced, access };
}
