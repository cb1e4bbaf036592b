/** Baton offers changes; people merge them. No code of the product can. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT, sourceFiles } from './imports.js';

/** Calls of both clients, and the routes behind them. */
const MERGES = [
  /\bpulls\s*\.\s*merge\b/,
  /\brepos\s*\.\s*merge\b/,
  /\bmergeRequests\s*\.\s*(?:accept|merge)\b/i,
  /\/merge(?:s|-upstream)?\b['"`]/,
  /enablePullRequestAutoMerge|mergePullRequest|merge_when_pipeline_succeeds|auto_?merge/i,
];
/** git itself: merging is reading where two histories met, never making a commit of both. */
const GIT_MERGE = /\(\s*(?:\w+,\s*)?\[\s*['"](?:merge|pull|rebase|cherry-pick)['"]/;

it('nothing merges a pull request or a branch', () => {
  const files = ['domain', 'workflows', 'activities', 'adapters', 'api', 'config', 'workers', 'cli'].flatMap(
    sourceFiles,
  );
  expect(files.length).toBeGreaterThan(500);
  const found = files.filter((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    return GIT_MERGE.test(text) || MERGES.some((pattern) => pattern.test(text));
  });
  expect(found).toEqual([]);
});
