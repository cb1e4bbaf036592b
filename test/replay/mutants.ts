/**
 * Changes of the workflows' source that would break executions under way: each makes the code decide something else than
 * a recorded history holds. A mutant replaces one piece of text in one file; the piece must occur exactly once.
 */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode, type WorkflowBundle } from '@temporalio/worker';
import { ROOT } from '../architecture/imports.js';

export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const inRun = (name: string, from: string, to: string): Mutant => ({ name, file: 'workflows/test-run.ts', from, to });
const inProxies = (name: string, from: string, to: string): Mutant => ({
  name,
  file: 'workflows/proxies.ts',
  from,
  to,
});

const BEGIN = '    await local.beginRun({ execution, temporalRunId: workflowInfo().runId });\n';
const PLAN = '    const plan = await planning.planRun.executeWithOptions(';
const SETTLE = '      const next = await control.settle({ execution: this.input.execution, stage: this.stage });\n';
const JUDGING = "    this.enter('judging');\n";
const UPSERT_PLAN = '    upsertSearchAttributes(\n';
const UPSERT_VERDICT = '    upsertSearchAttributes(searchAttributes({ verdict: judged.verdict }));\n';
const IMPORTS = '  setHandler,\n';
const RUN_BATCH = '      const summary = await batches.runBatch.executeWithOptions(\n';

/** A step that needs a name of the SDK: brings its import along. */
const withImport = (mutant: Mutant, name: string): Mutant & { readonly imports: string } => ({
  ...mutant,
  imports: name,
});

export const MUTANTS: readonly (Mutant & { readonly imports?: string })[] = [
  inRun('the first step is removed', BEGIN, ''),
  inRun('the first step is done twice', BEGIN, BEGIN + BEGIN),
  inRun(
    'planning before the first step',
    BEGIN,
    `    await planning.planRun.executeWithOptions({ taskQueue: planningQueue }, [{ execution }]);\n${BEGIN}`,
  ),
  withImport(inRun('a timer before the first step', BEGIN, `    await sleep(1000);\n${BEGIN}`), 'sleep'),
  withImport(inRun('a timer after the first step', BEGIN, `${BEGIN}    await sleep(1000);\n`), 'sleep'),
  withImport(inRun('a timer nobody waits for', BEGIN, `${BEGIN}    void sleep('1 hour').catch(() => {});\n`), 'sleep'),
  inRun(
    'planning is swapped for settling',
    PLAN,
    '    await control.settle({ execution, stage: 1 });\n    const plan = await planning.planRun.executeWithOptions(',
  ),
  inRun(
    'planning is done twice',
    UPSERT_PLAN,
    `    await planning.planRun.executeWithOptions({ taskQueue: planningQueue }, [{ execution }]);\n${UPSERT_PLAN}`,
  ),
  inRun('search attributes are set before planning', PLAN, `    upsertSearchAttributes([]);\n${PLAN}`),
  withImport(inRun('a timer between plan and batches', UPSERT_PLAN, `    await sleep(10);\n${UPSERT_PLAN}`), 'sleep'),
  inRun('batches are not run', '    this.waiting = [...plan.batches];\n', ''),
  inRun(
    'the first batch is left out',
    '    this.waiting = [...plan.batches];\n',
    '    this.waiting = plan.batches.slice(1);\n',
  ),
  inRun(
    'each batch runs twice',
    '    this.waiting = [...plan.batches];\n',
    '    this.waiting = [...plan.batches, ...plan.batches];\n',
  ),
  inRun(
    'one lane in place of several',
    'if (this.running.length >= lanes) return undefined;',
    'if (this.running.length >= Math.min(1, lanes)) return undefined;',
  ),
  inRun(
    'batches are settled before they run',
    RUN_BATCH,
    `      await control.settle({ execution: this.input.execution, stage: 1 });\n${RUN_BATCH}`,
  ),
  withImport(inRun('a pause before each batch', RUN_BATCH, `      await sleep(5);\n${RUN_BATCH}`), 'sleep'),
  inRun(
    'batches go to the activity that plans',
    RUN_BATCH,
    '      const summary = await (batches as unknown as { planBatch: typeof batches.runBatch }).planBatch.executeWithOptions(\n',
  ),
  inRun(
    'a green run is settled too',
    "      if (this.stage === 1 && this.clean) return { how: 'completed', problem: null };\n",
    '',
  ),
  inRun('a red run is not settled', SETTLE, '      const next: { batches: BatchRef[] } = { batches: [] };\n'),
  inRun('settling is asked twice', SETTLE, SETTLE + SETTLE.replace('const next = ', '')),
  withImport(inRun('a timer before settling', SETTLE, `      await sleep(10);\n${SETTLE}`), 'sleep'),
  inRun('a rerun is left out', '      this.waiting = [...next.batches];\n', '      this.waiting = [];\n'),
  inRun(
    'a run that bails is settled',
    'if (this.input.bail && this.failed > 0) return { how',
    'if (this.input.bail && this.failed > 99) return { how',
  ),
  inRun(
    'a step before the verdict, not guarded',
    JUDGING,
    `${JUDGING}    await control.settle({ execution, stage: 99 });\n`,
  ),
  withImport(inRun('a timer before the verdict', JUDGING, `${JUDGING}    await sleep(10);\n`), 'sleep'),
  inRun(
    'the verdict is asked for twice',
    UPSERT_VERDICT,
    `    await control.conclude({ execution, ended });\n${UPSERT_VERDICT}`,
  ),
  inRun('the verdict is not shown', UPSERT_VERDICT, ''),
  inRun('the verdict is shown twice', UPSERT_VERDICT, UPSERT_VERDICT + UPSERT_VERDICT),
  inRun(
    'a cancelled run has no verdict',
    '  const result = await CancellationScope.nonCancellable(() => run.conclude(ending));\n',
    '  if (cancellation !== undefined) throw cancellation;\n  const result = await CancellationScope.nonCancellable(() => run.conclude(ending));\n',
  ),
  inRun(
    'the verdict is cancelled with the run',
    'await CancellationScope.nonCancellable(() => run.conclude(ending))',
    'await run.conclude(ending)',
  ),
  inProxies(
    'the first step becomes a remote activity',
    "export const local = proxyLocalActivities<Pick<RunActivities, 'beginRun'>>({",
    "export const local = proxyActivities<Pick<RunActivities, 'beginRun'>>({ taskQueue: CONTROL_QUEUE,",
  ),
  inProxies(
    'settling and the verdict become local activities',
    "export const control = proxyActivities<RunActivities>({\n  taskQueue: CONTROL_QUEUE,\n  startToCloseTimeout: '10 minutes',\n  heartbeatTimeout: HEARTBEAT,\n",
    "export const control = proxyLocalActivities<RunActivities>({\n  startToCloseTimeout: '10 minutes',\n",
  ),
  {
    name: 'housekeeping is done twice',
    file: 'workflows/housekeeping.ts',
    from: '  return housekeepers.retain();',
    to: '  await housekeepers.retain();\n  return housekeepers.retain();',
  },
  {
    name: 'housekeeping does nothing',
    file: 'workflows/housekeeping.ts',
    from: '  return housekeepers.retain();',
    to: '  void housekeepers;\n  return { rows: 3, bytes: 7 };',
  },
];

const MUTATED = ['test-run', 'housekeeping'];
/** Folders of their stored histories. */
export const MUTATED_WORKFLOWS = ['testRun', 'housekeeping'];

const quiet = { trace() {}, debug() {}, info() {}, log() {}, warn: console.warn, error: console.error };

/** A copy of the workflows in a temporary folder, to be edited and bundled. */
export interface Workshop {
  readonly folder: string;
  bundle(mutant: Mutant & { readonly imports?: string }): Promise<WorkflowBundle>;
  close(): Promise<void>;
}

export async function openWorkshop(): Promise<Workshop> {
  const folder = await mkdtemp(join(tmpdir(), 'baton-mutants-'));
  for (const part of ['workflows', 'domain']) await cp(join(ROOT, part), join(folder, part), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  // Only what is changed is bundled: all workflows would take three times as long, for each change.
  const workflowsPath = join(folder, 'workflows', 'changed.ts');
  await writeFile(workflowsPath, MUTATED.map((module) => `export * from './${module}.js';\n`).join(''));
  return {
    folder,
    async bundle(mutant) {
      const path = join(folder, mutant.file);
      const source = await readFile(path, 'utf8');
      await writeFile(path, mutated(source, mutant));
      try {
        return await bundleWorkflowCode({ workflowsPath, logger: quiet });
      } finally {
        await writeFile(path, source);
      }
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

function mutated(source: string, mutant: Mutant & { readonly imports?: string }): string {
  if (source.split(mutant.from).length !== 2)
    throw new Error(`mutant "${mutant.name}": its text must occur exactly once in ${mutant.file}; adapt the mutant`);
  const changed = source.replace(mutant.from, () => mutant.to);
  const wanted = mutant.imports && `  ${mutant.imports},\n`;
  return wanted && !source.includes(wanted) ? changed.replace(IMPORTS, `${IMPORTS}${wanted}`) : changed;
}
