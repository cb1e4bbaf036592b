/**
 * The risk tier of a file by where it lies. A project's own areas come first; these rules are for what they leave open.
 * Documentation and tests are looked for before everything else: `src/api/test/pay.test.ts` is a test.
 */
import type { RiskArea, RiskTier } from './settings.schema.js';

export const TIERS: readonly RiskTier[] = ['critical', 'high', 'medium', 'low'];

export interface Area {
  readonly name: string;
  readonly tier: RiskTier;
}

interface Rule extends Area {
  /** Words that make up the names of directories and the stem of the file. */
  readonly words: readonly string[];
}

const WORDS: readonly Rule[] = [
  { name: 'AI features', tier: 'critical', words: ['ai', 'llm', 'prompt', 'prompts', 'embedding', 'embeddings'] },
  {
    name: 'backend services',
    tier: 'critical',
    words:
      'server backend service services domain core auth authentication payment payments pay billing database db migrations security'.split(
        ' ',
      ),
  },
  {
    name: 'API endpoints',
    tier: 'high',
    words: 'api apis route routes router controller controllers endpoint endpoints graphql rpc handlers'.split(' '),
  },
  {
    name: 'integrations',
    tier: 'high',
    words: 'integration integrations webhook webhooks adapter adapters client clients connector connectors'.split(' '),
  },
  {
    name: 'user interface',
    tier: 'medium',
    words: 'ui frontend web components component pages views view styles css widgets screens assets'.split(' '),
  },
];

const DOCUMENTS = /\.(?:md|mdx|rst|adoc|txt)$|(?:^|\/)(?:docs?|LICENSE|CHANGELOG|README)(?:\/|$)/i;
const TESTS =
  /(?:^|\/)(?:tests?|__tests__|specs?|e2e|fixtures|__snapshots__)\/|(?:[._-](?:test|spec)\.[a-z]+|_test\.(?:go|py))$|(?:^|\/)test_[^/]+\.py$/i;
const BUILD =
  /(?:^|\/)(?:package\.json|package-lock\.json|pnpm-lock\.yaml|yarn\.lock|go\.(?:mod|sum)|Cargo\.(?:toml|lock)|pom\.xml|pyproject\.toml|requirements[^/]*\.txt|Dockerfile[^/]*|tsconfig[^/]*\.json)$|^\.(?:github|gitlab-ci)/;

export type Matcher = (patterns: readonly string[]) => (path: string) => boolean;

/** `matcher` reads the globs of the project's own areas. */
export function areaFinder(own: readonly RiskArea[], matcher: Matcher): (path: string) => Area {
  const areas = own.map(({ name, tier, paths }) => ({ name, tier, fits: matcher(paths) }));
  return (path) => {
    const found = areas.find(({ fits }) => fits(path));
    return found ? { name: found.name, tier: found.tier } : builtInArea(path);
  };
}

function builtInArea(path: string): Area {
  if (BUILD.test(path)) return { name: 'build and dependencies', tier: 'high' };
  if (TESTS.test(path)) return { name: 'tests', tier: 'low' };
  if (DOCUMENTS.test(path)) return { name: 'documentation', tier: 'low' };
  const words = new Set(
    path
      .replace(/\.[a-z]+$/i, '')
      .replace(/([a-z])([A-Z])/g, '$1/$2')
      .toLowerCase()
      .split(/[^a-z0-9]+/),
  );
  const rule = WORDS.find((each) => each.words.some((word) => words.has(word)));
  return rule ? { name: rule.name, tier: rule.tier } : { name: 'other code', tier: 'medium' };
}

export const higher = (a: RiskTier, b: RiskTier): RiskTier => (TIERS.indexOf(a) <= TIERS.indexOf(b) ? a : b);
