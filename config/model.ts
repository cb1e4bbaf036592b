/** Language model, embedding and knowledge store of this installation, for every capability that asks them. */
import { knowledgeStore, type KnowledgeStore } from '../adapters/knowledge/knowledge.js';
import { serverEmbedding } from '../adapters/model/embeddings.js';
import { noModel, openaiModel } from '../adapters/model/openai.js';
import { ProjectProblem } from '../domain/failures.js';
import type { Embedding } from '../domain/knowledge/embedding.js';
import { offlineEmbedding } from '../domain/knowledge/offline.js';
import type { Model } from '../domain/model.js';
import { ModelSettings } from '../domain/model/settings.schema.js';
import { type Redact, redactor } from '../domain/redact.js';
import type { Secret } from '../domain/secret.schema.js';
import type { Base } from './features/feature.js';

type Given = Pick<Base, 'settings' | 'installation' | 'ledger' | 'artifacts'>;

const VENDOR = 'https://api.openai.com/v1';
/** What servers that need no key are sent. */
const NO_KEY = 'none';

/** The model, or one that says why there is none. */
export function openModel(base: Given): Model {
  const settings = settingsOf(base);
  const name = settings.name ?? base.settings.environment['BATON_MODEL'];
  if (!name) return noModel('no model is configured: name one by `model.name` or BATON_MODEL');
  const baseUrl = baseUrlOf(base, settings.baseUrl);
  const apiKey = keyOf(base, settings.apiKey, baseUrl);
  if (apiKey === undefined)
    return noModel(`the model ${name} needs a key: set ${settings.apiKey.env} where the control process runs`);
  const { ledger, artifacts } = base;
  return openaiModel({
    name,
    baseUrl,
    apiKey,
    keyName: settings.apiKey.env,
    settings,
    budget: ledger.model,
    artifacts,
    redact: openRedact(base),
  });
}

export function openKnowledge(base: Given): KnowledgeStore {
  return knowledgeStore({ lessons: base.ledger.lessons, embedding: embeddingOf(base), redact: openRedact(base) });
}

/** Knows every secret that this process has been given. */
export function openRedact({ settings, installation }: Pick<Base, 'settings' | 'installation'>): Redact {
  const named = Object.entries(settings.environment)
    .filter(
      ([name, value]) =>
        value !== undefined && value.length >= 8 && /KEY|TOKEN|SECRET|PASS|CREDENTIAL|AUTH|WEBHOOK|DSN/i.test(name),
    )
    .map(([, value]) => value!);
  const { apiKey, embedding } = installation.model ?? ModelSettings.parse({});
  const ofModels = [apiKey, embedding?.apiKey].flatMap((secret) => (secret && settings.environment[secret.env]) ?? []);
  const own = [settings.runnerToken, ...settings.apiKeys.map(({ key }) => key), ...ofModels];
  return redactor([...named, ...own].filter((value) => value.length >= 8 && !value.includes('\n')));
}

const settingsOf = ({ installation }: Given): ModelSettings => installation.model ?? ModelSettings.parse({});

function baseUrlOf({ settings }: Given, asked: string | undefined): string {
  const url = asked ?? (settings.environment['OPENAI_BASE_URL'] || VENDOR);
  if (URL.canParse(url) && /^https?:/.test(url)) return url.replace(/\/+$/, '');
  throw new ProjectProblem('ConfigInvalid', 'OPENAI_BASE_URL: not an http or https address.');
}

/** Undefined: the vendor's own server, without a key. */
function keyOf({ settings }: Given, { env }: Secret, baseUrl: string): string | undefined {
  return settings.environment[env] || (baseUrl === VENDOR ? undefined : NO_KEY);
}

function embeddingOf(base: Given): Embedding {
  const settings = settingsOf(base);
  const { embedding } = settings;
  if (!embedding) return offlineEmbedding;
  const baseUrl = embedding.baseUrl ?? baseUrlOf(base, settings.baseUrl);
  const secret = embedding.apiKey ?? settings.apiKey;
  const apiKey = keyOf(base, secret, baseUrl);
  if (apiKey === undefined)
    throw new ProjectProblem(
      'ConfigInvalid',
      `model.embedding: the environment has no ${secret.env}. Set it where the control process runs.`,
    );
  const { timeoutMs, tokensPerDay } = settings;
  const { name, dimensions } = embedding;
  return serverEmbedding({
    ...{ name, baseUrl, apiKey, keyName: secret.env, dimensions, timeoutMs, tokensPerDay },
    budget: base.ledger.model,
    redact: openRedact(base),
  });
}
