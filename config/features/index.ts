/** Every capability beside test runs. */
import { builtIn, firstOf } from '../../domain/catalog.js';
import { ProjectProblem } from '../../domain/failures.js';
import type { Catalog } from '../../domain/workflows.js';
import { executionStarter, tendExecutions } from '../../activities/executions/start.js';
import { createExecutionActivities } from '../../activities/executions/index.js';
import { newExecutionId } from '../../api/runs/run-id.js';
import { openModel } from '../model.js';
import { pagesOf } from '../pages.js';
import { analysis } from './analysis.js';
import type { Base, Feature, OpenFeature } from './feature.js';
import { openCodeHosts } from './code-hosts.js';
import { definitionsFeature } from './definitions.js';
import { fixFeature } from './fix.js';
import { hostsFeature } from './hosts.js';
import { layers } from './layers.js';
import { monitoringFeature } from './monitoring.js';
import { notifyFeature, openNotices } from './notify.js';
import { pipelinesFeature } from './pipelines.js';
import { schedules } from './schedules.js';

const FEATURES: readonly OpenFeature[] = [
  notifyFeature,
  hostsFeature,
  fixFeature,
  pipelinesFeature,
  analysis,
  schedules,
  layers,
  monitoringFeature,
  definitionsFeature,
];

/** How often executions that nobody tends are looked for. */
const TEND_MS = 10_000;

/** All of them as one, with what every execution of a workflow needs. */
export async function openFeatures(
  given: Omit<Base, 'executions' | 'catalog' | 'pages' | 'hosts' | 'model' | 'notifiers' | 'notices'>,
): Promise<Required<Omit<Feature, 'catalog' | 'stored'>>> {
  const { settings, ledger, workflows } = given;
  const catalogs: Catalog[] = [builtIn];
  const catalog: Catalog = (name) => firstOf(...catalogs)(name);
  const executions = executionStarter({ ledger: ledger.executions, engine: workflows, catalog, newId: newExecutionId });
  const hosts = openCodeHosts(settings, given.installation, given.secrets);
  const notices = openNotices({ ...given, hosts });
  const pages = pagesOf(settings, workflows);
  const base: Base = { ...given, executions, catalog, pages, hosts, model: openModel(given), ...notices };
  const features: Feature[] = [];
  for (const open of FEATURES) {
    const feature = await open(base);
    features.push(feature);
    if (feature.catalog) catalogs.push(feature.catalog);
  }
  const own = createExecutionActivities({ ledger, executions, host: settings.machine, weights: settings.weights });
  const stored = async () => (await Promise.all(features.map((feature) => feature.stored?.() ?? []))).flat();
  const api = Object.assign({}, ...features.map((feature) => feature.api ?? {})) as NonNullable<Feature['api']>;
  return {
    activities: together([own, ...features.map(({ activities }) => activities ?? {})]),
    api: { ...api, executions: { ledger: ledger.executions, engine: workflows, starter: executions, catalog, stored } },
    watches: [
      {
        ms: TEND_MS,
        what: 'looking for executions that nobody tends',
        work: () => tendExecutions({ ledger: ledger.executions, engine: workflows, catalog }, Date.now()),
      },
      ...features.flatMap((feature) => feature.watches ?? []),
    ],
    async started() {
      for (const feature of features) await feature.started?.();
    },
    async stop() {
      for (const feature of features.toReversed()) await feature.stop?.();
    },
  };
}

/** One worker has all activities, by name: two of one name would be one, and which is chance. */
export function together(groups: readonly object[]): object {
  const all = new Map<string, unknown>();
  for (const [name, work] of groups.flatMap((group) => Object.entries(group))) {
    if (all.has(name)) throw new ProjectProblem('Internal', `Two capabilities have an activity ${name}: rename one.`);
    all.set(name, work);
  }
  return Object.fromEntries(all);
}
