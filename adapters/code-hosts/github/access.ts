/** Who we are at GitHub: a token, or an App's installation in the repository, looked up once. */
import {
  appAuth,
  type GitHubApp,
  type GitHubClient,
  type GitHubOptions,
  githubClient,
  type Place,
  tokenAuth,
} from './client.js';
import { isRefused } from './problem.js';

export interface Access {
  client(): Promise<GitHubClient>;
  /** For git, valid for an hour at least. */
  gitToken(): Promise<string>;
  /** Login under which our comments appear; undefined when GitHub does not tell this kind of token. */
  login(): Promise<string | undefined>;
}

export function access(options: GitHubOptions, place: Place): Access {
  return 'token' in options.access ? byToken(options, options.access.token) : byApp(options, options.access, place);
}

function byToken(options: GitHubOptions, token: string): Access {
  const client = githubClient(options, tokenAuth(token));
  const login = once(async () => {
    try {
      return (await client.rest.users.getAuthenticated()).data.login;
    } catch (error) {
      // The token of a GitHub Actions run is an installation's and has no user.
      if (isRefused(error, 403)) return undefined;
      throw error;
    }
  });
  return { client: async () => client, gitToken: async () => token, login };
}

function byApp(options: GitHubOptions, app: GitHubApp, place: Place): Access {
  const asApp = githubClient(options, appAuth(app));
  const installation = once(
    async () => app.installation ?? (await asApp.rest.apps.getRepoInstallation({ ...place })).data.id,
  );
  const client = once(async () => githubClient(options, appAuth(app, await installation())));
  return {
    client,
    gitToken: async () => {
      const given = (await (await client()).auth({ type: 'installation' })) as { token: string };
      return given.token;
    },
    login: once(async () => {
      const { data } = await asApp.rest.apps.getAuthenticated();
      return data?.slug === undefined ? undefined : `${data.slug}[bot]`;
    }),
  };
}

/** Asked for once; a failure is forgotten, so that the next one asks again. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask().catch((error: unknown) => {
      answer = undefined;
      throw error;
    });
    return answer;
  };
}
