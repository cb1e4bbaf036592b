/**
 * The control side of fixes: whether one is worth a try, what a model would do, and the pull request. Everything that
 * leaves Baton is planned in the outbox first and looked for before it is repeated.
 */
import type { CodeHost, CodeHosts } from '../../domain/code-host.js';
import type { ExecutionLedger } from '../../domain/executions.js';
import type { FixControlActivities, FixRef, OfferedFix } from '../../domain/fix/activities.js';
import type { FixBranches } from '../../domain/fix/branch.js';
import { applyDiff, parseDiff } from '../../domain/fix/diff.js';
import { CODEOWNERS_PLACES, ownersOf } from '../../domain/fix/codeowners.js';
import { fixability } from '../../domain/fix/fixable.js';
import { GATE_LIMITS } from '../../domain/fix/gate.js';
import { fixBranch, offerOf } from '../../domain/fix/pull-request.js';
import { RepairReport } from '../../domain/fix/report.schema.js';
import type { FixSettings } from '../../domain/fix/settings.schema.js';
import type { FixStore } from '../../domain/fix/store.js';
import { fixArtifact, FixWork } from '../../domain/fix/work.schema.js';
import { ProjectProblem } from '../../domain/failures.js';
import type { Pages } from '../../domain/pages.js';
import type { Model } from '../../domain/model.js';
import { Plan } from '../../domain/plan.schema.js';
import type { ArtifactStore, Ledger } from '../../domain/ports.js';
import type { TestResult } from '../../domain/result.schema.js';
import type { Provenance } from '../../domain/run.schema.js';
import { withHeartbeat } from '../heartbeat.js';
import { namedFailures } from '../to-failure.js';
import { REPAIR_LIMITS } from './deps.js';
import { modelCandidates } from './model.js';

/** The part of the outbox that is used here. */
export interface Outbox {
  plan(
    effect: Provenance & { key: string; execution: string | null; kind: string; payload: object },
  ): Promise<{ readonly state: string; readonly reference: string | null }>;
  begin(key: string): Promise<{ readonly state: string; readonly reference: string | null }>;
  settle(key: string, state: 'confirmed' | 'unknown', reference?: string | null): Promise<void>;
}

export interface FixControlDeps {
  readonly ledger: Ledger & {
    readonly executions: ExecutionLedger;
    readonly fixes: FixStore;
    readonly effects: Outbox;
  };
  readonly artifacts: ArtifactStore;
  readonly branches: FixBranches;
  readonly hosts: CodeHosts;
  readonly model: Model | undefined;
  readonly settings: FixSettings;
  readonly pages: Pages;
}

export function createFixControlActivities(deps: FixControlDeps): FixControlActivities {
  return namedFailures<FixControlActivities>({
    planFix: (input) => withHeartbeat(() => planFix(deps, input)),
    askModelForFixes: (input) => withHeartbeat(() => modelCandidates(deps, input)),
    offerFix: (input) => withHeartbeat(() => offerFix(deps, input)),
    fixPullRequest: (input) => withHeartbeat(() => fixPullRequest(deps, input)),
    settleFix: (input) => withHeartbeat(() => settleFix(deps, input)),
  });
}

async function fixPullRequest(
  deps: FixControlDeps,
  { run, fix, number }: Parameters<FixControlActivities['fixPullRequest']>[0],
): ReturnType<FixControlActivities['fixPullRequest']> {
  const { host } = await placeOf(deps, { run, fix });
  const found = await host?.pullRequest(number);
  return found ? { state: found.state, by: found.endedBy ?? null } : null;
}

async function settleFix(
  deps: FixControlDeps,
  { run, fix, state, by, reason, pullRequest, removeBranch }: Parameters<FixControlActivities['settleFix']>[0],
): ReturnType<FixControlActivities['settleFix']> {
  await deps.ledger.fixes.settle(fix, {
    state,
    by: by ?? null,
    reason: reason ?? null,
    pullRequest: pullRequest ?? null,
  });
  if (!removeBranch) return { branchRemoved: false };
  const { host } = await placeOf(deps, { run, fix });
  if (!host) return { branchRemoved: false };
  const push = await host.pushAddress();
  return {
    branchRemoved: await deps.branches.remove({ push, branch: fixBranch(fix), commit: removeBranch.commit }),
  };
}

const RUN_MS_LIMITS = [10_000, 300_000] as const;
const MAX_FAILED = 200;
/** Ids that cross Temporal and stand in the stage. */
const TOLD_TESTS = 10;

async function planFix(
  { ledger, artifacts, settings }: FixControlDeps,
  { run: id, fix, level }: Parameters<FixControlActivities['planFix']>[0],
): ReturnType<FixControlActivities['planFix']> {
  const run = await ledger.run(id);
  if (!run) throw new ProjectProblem('BadSource', `There is no run ${id} whose failures could be mended.`);
  const digest = await ledger.planDigest(id);
  const plan = digest === null ? undefined : Plan.parse(JSON.parse(text(await artifacts.get(digest))));
  const { items: failed } = await ledger.results(id, { status: 'failed', limit: MAX_FAILED });
  const common = {
    tests: failed.length,
    testIds: failed.slice(0, TOLD_TESTS).map(({ testId }) => testId),
    project: run.project,
    level: level ?? settings.level,
    approvalDays: settings.approvalDays,
    followDays: settings.followDays,
    repository: run.source.kind === 'commit' ? run.source.repository : null,
    commit: run.commit,
    branch: run.branch,
  };
  const able = fixability(run, plan, failed, settings);
  if (!able.fixable) return { ...common, fixable: false, sentence: able.why, fingerprint: null };
  const claim = await ledger.fixes.claim({
    execution: fix,
    project: run.project,
    fingerprint: able.fingerprint,
    run: id,
    attemptsPerWeek: settings.attemptsPerWeek,
  });
  if (!claim.claimed) return { ...common, fixable: false, sentence: claim.sentence, fingerprint: able.fingerprint };
  const expectedMs = Math.max(0, ...able.tests.map((test) => test.durationMs ?? 0)) * 5 + 20_000;
  const work: FixWork = {
    version: 1,
    fix,
    run: id,
    repository: able.repository,
    commit: able.commit,
    failing: failingFiles(able.tests),
    tests: able.tests
      .slice(0, 50)
      .map(({ file, name, message }) => ({ file, name: name.slice(0, 500), message: (message ?? '').slice(0, 4000) })),
    limits: {
      ...REPAIR_LIMITS,
      searchMs: settings.searchMs,
      runMs: Math.round(Math.min(RUN_MS_LIMITS[1], Math.max(RUN_MS_LIMITS[0], expectedMs))),
      gate: GATE_LIMITS,
    },
  };
  const stored = await artifacts.put(Buffer.from(JSON.stringify(FixWork.parse(work))));
  await ledger.addArtifact(id, { name: fixArtifact(fix, 'work'), ...stored, mediaType: 'application/json' });
  return {
    ...common,
    fixable: true,
    tests: able.tests.length,
    testIds: able.tests.slice(0, TOLD_TESTS).map(({ testId }) => testId),
    sentence: `${able.tests.length} failing ${able.tests.length === 1 ? 'test is' : 'tests are'} worth a try.`,
    fingerprint: able.fingerprint,
  };
}

function failingFiles(tests: readonly TestResult[]): FixWork['failing'] {
  const bySuite = new Map<string, Set<string>>();
  for (const { suite, file } of tests) bySuite.set(suite, (bySuite.get(suite) ?? new Set()).add(file));
  return [...bySuite].slice(0, 10).map(([suite, files]) => ({ suite, files: [...files].slice(0, 20) }));
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** A part of the fix as it was stored; undefined when it was not. */
export async function storedPart(
  { ledger, artifacts }: Pick<FixControlDeps, 'ledger' | 'artifacts'>,
  { run, fix }: FixRef,
  part: Parameters<typeof fixArtifact>[1],
): Promise<unknown> {
  const name = fixArtifact(fix, part);
  const found = (await ledger.artifacts(run)).findLast((artifact) => artifact.name === name);
  return found && JSON.parse(text(await artifacts.get(found.digest)));
}

async function placeOf(deps: FixControlDeps, ref: FixRef): Promise<{ work: FixWork; host: CodeHost | undefined }> {
  const work = FixWork.parse(await storedPart(deps, ref, 'work'));
  return { work, host: deps.hosts(work.repository) };
}

async function offerFix(
  deps: FixControlDeps,
  input: Parameters<FixControlActivities['offerFix']>[0],
): Promise<OfferedFix> {
  const { run: id, fix } = input;
  const { work, host } = await placeOf(deps, input);
  const report = RepairReport.parse(await storedPart(deps, input, 'report'));
  const winner = report.finalists.find(({ candidate, refuted }) => refuted === null && candidate.id === report.winner);
  const [execution, run] = [await deps.ledger.executions.find(fix), await deps.ledger.run(id)];
  if (!winner || !execution || !run) throw new ProjectProblem('Internal', `${fix} has no verified patch to offer.`);
  const branch = fixBranch(fix);
  if (!host)
    return {
      pullRequest: null,
      branch,
      commit: null,
      authorEmail: null,
      sentence: 'The repository has no code host that Baton knows, so the patch is kept as an artifact only.',
    };
  const base = input.base ?? run.branch;
  if (!base)
    throw new ProjectProblem(
      'BadSource',
      'The run names no branch that the fix could be merged into: start it with `base`.',
    );
  const push = await host.pushAddress();
  const files = parseDiff(winner.candidate.diff);
  const paths = files.map(({ path }) => path);
  const { texts, authorEmail } = await deps.branches.look({
    push,
    commit: work.commit,
    paths: [...paths, ...CODEOWNERS_PLACES],
  });
  const offer = offerOf({
    work,
    report,
    winner,
    links: { run: deps.pages.run(id), report: deps.pages.report(id), fix: deps.pages.execution(fix) },
    known: input.known,
    model: winner.candidate.origin === 'model' ? (deps.model?.name ?? 'unknown') : null,
  });
  const owners = ownersOf(
    CODEOWNERS_PLACES.map((place) => texts[place]).find((found) => found !== undefined) ?? '',
    paths,
  );
  const by = { project: execution.project, principal: execution.principal, trust: execution.trust };
  const commit = await once(
    deps,
    `fix:${fix}:branch`,
    { ...by, execution: null, kind: 'fix-branch', payload: { branch } },
    async () => {
      const changed = files.map((file) => ({ path: file.path, text: applyDiff(present(texts[file.path]), file) }));
      const at = Date.parse(execution.createdAt) / 1000;
      return (
        await deps.branches.publish({ push, commit: work.commit, branch, files: changed, message: offer.message, at })
      ).commit;
    },
  );
  const opened = await once(
    deps,
    `fix:${fix}:pull-request`,
    { ...by, execution: null, kind: 'fix-pull-request', payload: { branch, base } },
    async () => {
      const reviewers = [...new Set([...owners, ...deps.settings.reviewers])];
      const made = await host.openPullRequest({
        head: branch,
        base,
        title: offer.title,
        body: offer.body,
        draft: true,
        labels: deps.settings.labels,
        reviewers,
      });
      return `${made.number} ${made.url}`;
    },
  );
  const [number = '', url = ''] = opened.split(' ');
  await deps.ledger.fixes.settle(fix, { state: 'offered', pullRequest: Number(number), url, by: input.approvedBy });
  return {
    pullRequest: { number: Number(number), url },
    branch,
    commit,
    authorEmail,
    sentence: `Pull request ${number} offers ${winner.candidate.title}.`,
  };
}

const present = (found: string | undefined): string => {
  if (found === undefined)
    throw new ProjectProblem('BlockedByPolicy', 'The patch changes a file that the commit does not have.');
  return found;
};

/** What was confirmed is not done again. `work` itself looks for what is there before it makes anything. */
async function once(
  { ledger }: FixControlDeps,
  key: string,
  effect: Omit<Parameters<Outbox['plan']>[0], 'key'>,
  work: () => Promise<string>,
): Promise<string> {
  await ledger.effects.plan({ key, ...effect });
  const before = await ledger.effects.begin(key);
  if (before.state === 'confirmed' && before.reference !== null) return before.reference;
  const reference = await work();
  await ledger.effects.settle(key, 'confirmed', reference);
  return reference;
}
