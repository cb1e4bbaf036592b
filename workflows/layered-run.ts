/** Layers in order: what the mode wants in front of the verdict runs here, the rest as an execution of its own behind it. */
import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { WorkflowInput } from '../domain/executions.js';
import { allowanceMs, planText } from '../domain/layers/allowance.js';
import type { Category, LayeredRunParams } from '../domain/layers/layers.schema.js';
import type { LayerPlan, PlannedLayer } from '../domain/layers/plan.js';
import type { StartRun, Totals } from '../domain/run.schema.js';
import { addTotals, emptyTotals } from '../domain/totals.js';
import { newRun, runTests } from './child-run.js';
import { starts, waits } from './proxies/executions.js';
import { layerPlans } from './proxies/layers.js';
import { asExecution, type Ended, type StageHandle, type Stages } from './stages.js';

type Input = WorkflowInput<LayeredRunParams>;
type Word = 'passed' | 'failed' | 'incomplete';

interface CategoryEnd {
  readonly layer: string;
  readonly category: string;
  readonly outcome: Word;
  readonly run: string | null;
  /** Set: it was cut, or there was no time to begin it. */
  readonly cut: string | null;
}

/** Ending test processes and writing the verdict down takes a moment: it belongs to the time there is. */
const CONCLUDING_MS = 10_000;
/** A run that was cut is concluded within seconds; one that is not by then never began. */
const COUNTING_MS = 120_000;
const CONCLUDING_SHARE = 0.05;

export function layeredRun(input: Input): Promise<Ended> {
  return asExecution(input, [{ name: 'plan', title: 'Plan' }], async (stages) => {
    const began = Date.now();
    const plan = await stages.run('plan', async (stage) => {
      const made = await layerPlans.planLayeredRun(input.params);
      stage.end('passed', planText(made).replaceAll('\n', '; ').slice(0, 900));
      return made;
    });
    return new LayeredRun(input, plan, stages, began).run();
  });
}

class LayeredRun {
  private readonly ends: CategoryEnd[] = [];
  /** Of all categories, those that were cut included. */
  private totals: Totals = emptyTotals();
  private readonly total: number;
  private readonly deadline: number;

  constructor(
    private readonly input: Input,
    private readonly plan: LayerPlan,
    private readonly stages: Stages,
    began: number,
  ) {
    const margin = Math.min(CONCLUDING_MS, plan.totalCapMs * CONCLUDING_SHARE);
    this.deadline = began + plan.totalCapMs - margin;
    this.total = Math.max(
      1,
      plan.foreground.flat().reduce((sum, layer) => sum + layer.categories.length, 0) +
        (plan.prepare ? 1 : 0) +
        (plan.postProcess ? 1 : 0),
    );
  }

  async run(): Promise<Ended> {
    const { prepare, foreground, background, backgroundAfter, postProcess } = this.plan;
    for (const layer of foreground.flat()) this.stages.add(layer.id, layer.name);
    let behind = background.length > 0 && !backgroundAfter ? await this.startBackground() : null;
    const ready = prepare === null || (await this.hook('prepare', 'Prepare', prepare)) === 'passed';
    if (ready) for (const [no, group] of foreground.entries()) await this.group(no, group);
    else for (const layer of foreground.flat()) await this.notBegun(layer, 'the preparation has not passed');
    if (background.length > 0 && backgroundAfter) behind = await this.startBackground();
    if (postProcess) await this.hook('post_process', 'Post-process', postProcess);
    return this.ended(behind);
  }

  private async group(no: number, group: readonly PlannedLayer[]): Promise<void> {
    await Promise.all(
      group.map(async (layer) => {
        const allowed = allowanceMs(this.plan, no, layer, this.deadline - Date.now());
        if (allowed === 0) return this.notBegun(layer, 'no time was left for it');
        await this.stages.run(layer.id, (stage) => this.layer(layer, Date.now() + allowed, stage));
      }),
    );
  }

  private async layer(layer: PlannedLayer, until: number, stage: StageHandle): Promise<void> {
    stage.data({ percent: this.percent(), importance: layer.priority });
    const ends: CategoryEnd[] = [];
    const one = async (category: Category): Promise<void> => {
      ends.push(await this.category(layer.id, category, until, stage));
      stage.say(sentenceOf(ends));
      stage.data({ percent: this.percent() });
      await stage.save();
    };
    if (layer.sequential) for (const category of layer.categories) await one(category);
    else await Promise.all(layer.categories.map(one));
    const word = worst(ends);
    stage.end(word === 'passed' ? 'passed' : 'failed', sentenceOf(ends));
  }

  /** Cut at its own time, its layer's or the run's, whatever comes first. What it has found by then stays counted. */
  private async category(layer: string, category: Category, until: number, stage: StageHandle): Promise<CategoryEnd> {
    const allowed = Math.min(category.timeout_seconds * 1000, until - Date.now());
    if (allowed <= 0)
      return this.note({
        layer,
        category: category.name,
        outcome: 'incomplete',
        run: null,
        cut: 'no time was left for it',
      });
    stage.say(`${category.name} begins`);
    const run = newRun();
    try {
      const { verdict, totals } = await CancellationScope.withTimeout(allowed, () =>
        runTests(this.input, stage, this.request(category), run),
      );
      this.totals = addTotals(this.totals, totals);
      const outcome =
        verdict === 'passed' ? 'passed' : verdict === 'failed' || verdict === 'blocked' ? 'failed' : 'incomplete';
      return this.note({ layer, category: category.name, outcome, run, cut: null });
    } catch (error) {
      // The run itself was cancelled: nothing to report but that.
      if (!isCancellation(error) || CancellationScope.current().consideredCancelled) throw error;
      const totals = await countsOf(run);
      this.totals = addTotals(this.totals, totals ?? emptyTotals());
      const counts = totals
        ? `: ${totals.notRun} not run, ${totals.passed} passed, ${totals.failed} failed`
        : ' before it began';
      const cut = `cut after ${Math.round(allowed / 1000)} s${counts}`;
      return this.note({ layer, category: category.name, outcome: totals?.failed ? 'failed' : 'incomplete', run, cut });
    }
  }

  private request({ name, max_parallel_instances: workers, custom_settings: custom }: Category): StartRun {
    const { source, project, options, priority } = this.input.params;
    const filter = custom?.parameters?.['filter'];
    return {
      source,
      ...(project === undefined ? {} : { project }),
      options: { ...options, bail: false, suites: [name], workers, ...(typeof filter === 'string' ? { filter } : {}) },
      priority: priority ?? 'by-suite',
    };
  }

  private async hook(name: string, title: string, category: Category): Promise<Word> {
    this.stages.add(name, title);
    return this.stages.run(name, async (stage) => {
      const end = await this.category(name, category, this.deadline, stage);
      stage.data({ percent: this.percent() });
      stage.end(end.outcome === 'passed' ? 'passed' : 'failed', sentenceOf([end]));
      return end.outcome;
    });
  }

  private async notBegun(layer: PlannedLayer, why: string): Promise<void> {
    for (const { name } of layer.categories)
      this.note({ layer: layer.id, category: name, outcome: 'incomplete', run: null, cut: why });
    await this.stages.skip(layer.id, why);
  }

  /** An execution of its own: nothing here waits for it, and it outlives this one. */
  private async startBackground(): Promise<string> {
    this.stages.add('background', 'Background');
    return this.stages.run('background', async (stage) => {
      const { document, layers: _, max_total_duration_minutes: __, ...params } = this.input.params;
      const ids = this.plan.background.flat().map((layer) => layer.id);
      const { id } = await starts.startExecution({
        workflow: 'layeredRun',
        params: {
          ...params,
          mode: 'custom_mode',
          layers: ids,
          ...(document ? { document: onlyOrder(document) } : {}),
          enable_background_execution: false,
        },
        principal: this.input.principal,
        trust: this.input.trust,
        project: this.input.project,
        key: `${this.input.execution}#background`,
        parent: this.input.execution,
      });
      stage.link({ label: 'background', kind: 'execution', ref: id });
      stage.end('passed', `${ids.join(', ')} ${ids.length === 1 ? 'goes' : 'go'} on behind the verdict`);
      return id;
    });
  }

  private note(end: CategoryEnd): CategoryEnd {
    this.ends.push(end);
    return end;
  }

  private percent(): number {
    return Math.round((this.ends.length / this.total) * 100);
  }

  private ended(background: string | null): Ended {
    const { mode, environment } = this.plan;
    const outcome = this.ends.length === 0 ? 'started' : worst(this.ends);
    const notRun = this.ends
      .filter((end) => end.cut !== null)
      .map(({ layer, category, cut }) => ({ layer, category, why: cut }));
    const behind = background === null ? '' : ` ${background} goes on in the background.`;
    return {
      outcome,
      sentence:
        `${outcome === 'started' ? 'Nothing in front of the verdict.' : `${sentenceOf(this.ends)}.`}${behind}`.slice(
          0,
          900,
        ),
      result: {
        mode,
        environment,
        totals: this.totals,
        categories: this.ends.slice(0, 200),
        notRun: notRun.slice(0, 200),
        background,
      },
    };
  }
}

/** What a run that was cut has found; undefined for one that was cut before it was in the ledger. */
async function countsOf(run: string): Promise<Totals | undefined> {
  try {
    return (await CancellationScope.withTimeout(COUNTING_MS, () => waits.awaitRun({ run }))).totals;
  } catch (error) {
    if (isCancellation(error) && !CancellationScope.current().consideredCancelled) return undefined;
    throw error;
  }
}

/** The hooks and sides of the mode were the foreground's matter. */
function onlyOrder({ modes: _, mode: __, ...document }: NonNullable<LayeredRunParams['document']>): object {
  return document;
}

function worst(ends: readonly CategoryEnd[]): Word {
  if (ends.some(({ outcome }) => outcome === 'failed')) return 'failed';
  return ends.some(({ outcome }) => outcome === 'incomplete') ? 'incomplete' : 'passed';
}

const sentenceOf = (ends: readonly CategoryEnd[]): string =>
  ends.map(({ category, outcome, cut }) => `${category} ${cut ?? outcome}`).join(', ');
