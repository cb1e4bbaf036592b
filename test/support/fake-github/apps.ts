/** GitHub Apps: a signed token of the App for a token of an installation, which ends after an hour. */
import { generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import { z } from 'zod';
import type { Answer, Route } from '../fake-host/server.js';
import type { FakeRepository, Who } from './state.js';

export const APP_ID = 4711;
export const APP_SLUG = 'baton-app';
const INSTALLATION = 99;
const LONGEST_S = 600;

const Installation = z.strictObject({
  repositories: z.array(z.string()).optional(),
  repository_ids: z.array(z.int()).optional(),
  permissions: z.record(z.string(), z.enum(['read', 'write', 'admin'])).optional(),
});

export class Apps {
  private readonly keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  readonly privateKey = this.keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  /** Tokens of installations, with their end in ms. */
  readonly tokens = new Map<string, number>();
  /** How long a token lives. */
  lifeMs = 3_600_000;

  /** Who a bearer token stands for. */
  identify(token: string): Who | undefined {
    const ends = this.tokens.get(token);
    if (ends !== undefined) return ends > Date.now() ? { login: `${APP_SLUG}[bot]`, kind: 'installation' } : undefined;
    return this.isApp(token) ? { login: APP_SLUG, kind: 'app' } : undefined;
  }

  private isApp(token: string): boolean {
    const [head = '', claims = '', signature = ''] = token.split('.');
    if (signature === '') return false;
    const signed = verify(
      'RSA-SHA256',
      Buffer.from(`${head}.${claims}`),
      this.keys.publicKey,
      Buffer.from(signature, 'base64url'),
    );
    const read = (part: string): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString());
    if (!signed || read(head)['alg'] !== 'RS256') return false;
    const { iat, exp, iss } = read(claims);
    const now = Date.now() / 1000;
    return (
      String(iss) === String(APP_ID) &&
      Number(iat) <= now &&
      Number(exp) > now &&
      Number(exp) - Number(iat) <= LONGEST_S + 60
    );
  }

  routes(repositories: ReadonlyMap<string, FakeRepository>): Route<Who>[] {
    const onlyApp = (who: Who, run: () => Answer): Answer =>
      who.kind === 'app' ? run() : { status: 401, body: { message: 'A JSON web token could not be decoded' } };
    return [
      {
        method: 'GET',
        path: '/app',
        run: ({ who }) => onlyApp(who, () => ({ status: 200, body: { id: APP_ID, slug: APP_SLUG, name: 'Baton' } })),
      },
      {
        method: 'GET',
        path: '/repos/:owner/:repo/installation',
        run: ({ who, at }) =>
          onlyApp(who, () =>
            repositories.has(`${at['owner']}/${at['repo']}`.toLowerCase())
              ? { status: 200, body: { id: INSTALLATION, app_id: APP_ID } }
              : { status: 404, body: { message: 'Not Found' } },
          ),
      },
      {
        method: 'POST',
        path: '/app/installations/:id/access_tokens',
        body: Installation,
        run: ({ who, at }) =>
          onlyApp(who, () => {
            if (Number(at['id']) !== INSTALLATION) return { status: 404, body: { message: 'Not Found' } };
            const token = `ghs_${randomBytes(18).toString('hex')}`;
            const ends = Date.now() + this.lifeMs;
            this.tokens.set(token, ends);
            return {
              status: 201,
              body: {
                token,
                expires_at: new Date(ends).toISOString(),
                permissions: { checks: 'write', contents: 'write', statuses: 'write', pull_requests: 'write' },
                repository_selection: 'all',
              },
            };
          }),
      },
    ];
  }
}
