/** Everything the stories need: a whole stack, a code host, a mail server, a chat, and what undoes a deployment. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type ExecutionsClient, executionsClient } from '../../adapters/http/executions-client.js';
import type { ExecutionAnswer, ExecutionsQuery, WorkflowExecution } from '../../domain/executions.schema.js';
import { openStack, type TestStack, type TestStackOptions } from '../e2e/support/stack.js';
import { type FakeGitHub, startFakeGitHub } from '../support/fake-github.js';
import type { FakeRepository } from '../support/fake-github/state.js';
import { type RollbackServer, startRollbackServer } from '../support/rollback-server.js';
import { SLACK } from '../support/vendors/slack.js';
import { type MailServer, SMTP, startMailServer } from '../support/vendors/smtp.js';
import { startWebhookReceiver, WEBHOOK_SECRET, type WebhookReceiver } from '../support/vendors/webhook-receiver.js';
import { type Vendors, startVendors } from '../support/vendors/index.js';
import { fillShop } from './shop.js';
import { until } from './until.js';

export interface World {
  readonly baton: TestStack;
  readonly executions: ExecutionsClient;
  readonly github: FakeGitHub;
  /** The repository there. */
  readonly shop: FakeRepository;
  readonly repository: string;
  readonly mail: MailServer;
  readonly chat: WebhookReceiver;
  /** The team's Slack. */
  readonly vendors: Vendors;
  readonly deploys: RollbackServer;
  /** The execution that something else starts, once it is there. */
  started(query: Pick<ExecutionsQuery, 'workflow' | 'commit'>): Promise<WorkflowExecution>;
  /** Starts a workflow and waits for its end. */
  execute(workflow: string, params: Record<string, unknown>): Promise<ExecutionAnswer>;
  ended(id: string, withinMs?: number): Promise<ExecutionAnswer>;
  stop(): Promise<void>;
}

export const HOOK_SECRET = 'the secret of the webhook of the shop';
const ENDED = new Set(['completed', 'failed', 'cancelled']);

export interface WorldOptions extends TestStackOptions {
  /** Further sections of the installation's settings. */
  readonly settings?: object;
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'baton-world-'));
  const [github, mail, chat, vendors, deploys] = await Promise.all([
    startFakeGitHub('acme/shop'),
    startMailServer(),
    startWebhookReceiver(),
    startVendors(),
    startRollbackServer(),
  ]);
  const shop = github.repository('acme/shop');
  fillShop(shop.git);
  const config = join(dir, 'config.yaml');
  await writeFile(config, stringify({ ...settings({ github, mail, chat, deploys }), ...options.settings }));
  const env = {
    BATON_CONFIG: config,
    SMTP_USER: SMTP.user,
    SMTP_PASSWORD: SMTP.password,
    CHAT_SECRET: WEBHOOK_SECRET,
    SLACK_WEBHOOK: `${vendors.url}${SLACK.path}`,
    ROLLBACK_SECRET: deploys.secret,
    GITHUB_TOKEN: github.token,
    HOOK_SECRET,
    ...options.env,
  };
  const baton = await openStack({ ...options, env });
  const executions = executionsClient({ baseUrl: baton.stack.manifest.api });
  const ended = async (id: string, withinMs = 180_000): Promise<ExecutionAnswer> => {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const found = await executions.get(id);
      if (ENDED.has(found.status)) return found;
      if (Date.now() > deadline)
        throw new Error(`${id} is still ${found.status}: ${JSON.stringify(found.stages, null, 1)}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  return {
    ...{ baton, executions, github, shop, mail, chat, vendors, deploys, ended },
    repository: `${github.url}/acme/shop.git`,
    started: (query) =>
      until(async () => (await executions.list(query)).items[0], `${query.workflow} was not started`, 20_000),
    execute: async (workflow, params) => ended((await executions.start(workflow, params)).id),
    async stop() {
      await baton.stop();
      await Promise.all([github, mail, chat, vendors, deploys].map((server) => server.stop()));
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const rollback = (deploys: RollbackServer, environment: string, approval: 'none' | 'required'): object => ({
  project: 'shop',
  environment,
  approval,
  approvalWithinMs: 120_000,
  by: { kind: 'webhook', url: deploys.url, secret: { env: 'ROLLBACK_SECRET' }, check: deploys.check },
});

function settings({ github, mail, chat, deploys }: Pick<World, 'github' | 'mail' | 'chat' | 'deploys'>): object {
  return {
    codeHosts: [
      {
        kind: 'github',
        url: github.url,
        apiUrl: `${github.url}/api/v3`,
        token: { env: 'GITHUB_TOKEN' },
        webhookSecrets: [{ env: 'HOOK_SECRET' }],
        paced: false,
      },
    ],
    triggers: [
      { type: 'webhook', name: 'push', url: '/hooks/github' },
      {
        ...{ type: 'webhook', name: 'deployed', url: '/hooks/github', events: ['deployment'] },
        ...{ workflow: 'post-deploy', parameters: { project: 'shop' } },
      },
    ],
    fix: { level: 'apply', searchMs: 60_000 },
    monitoring: {
      interval: '1d',
      anomalies: { warmUp: '1h' },
      alert_thresholds: { cpu_usage: null, memory_usage: null, disk_usage: null },
      tests: {
        source: { kind: 'commit', repository: `${github.url}/acme/shop.git`, commit: 'main' },
        project: 'shop',
        options: { suites: ['smoke'] },
      },
    },
    notify: {
      allowPrivate: ['127.0.0.1'],
      channels: {
        team: {
          kind: 'email',
          host: '127.0.0.1',
          port: mail.port,
          security: 'none',
          user: { env: 'SMTP_USER' },
          password: { env: 'SMTP_PASSWORD' },
          from: 'Baton <baton@example.org>',
          to: ['team@example.org'],
          peopleDomains: ['example.org'],
        },
        chat: { kind: 'webhook', url: chat.url, secret: { env: 'CHAT_SECRET' } },
        slack: { kind: 'slack', webhook: { env: 'SLACK_WEBHOOK' } },
      },
    },
    rollbacks: [rollback(deploys, 'staging', 'none'), rollback(deploys, 'production', 'required')],
  };
}
