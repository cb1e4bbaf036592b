/** `report_generator.generate_html_report`: one page about every test run of an execution so far. */
import type { ActionHandler } from '../../domain/definitions/ports.js';
import type { DefinitionStore } from '../../domain/definitions/store.js';
import type { ArtifactStore, Ledger } from '../../domain/ports.js';
import type { TestResult } from '../../domain/result.schema.js';
import { type ReportedMedia, type ReportedRun, workflowPage } from '../../domain/report/workflow-page.js';

export interface ReportDeps {
  readonly definitions: DefinitionStore;
  readonly ledger: Ledger;
  readonly artifacts: ArtifactStore;
}

const PAGE = 1_000;
/** Tests of one run on the page; the report of the run itself has all of them. */
const MAX_TESTS = 5_000;
/** Pictures that are put into the page, in all. */
const MAX_PICTURE_BYTES = 8 * 1024 * 1024;
const NAME = 'workflow-report.html';

export const htmlReport =
  (deps: ReportDeps): ActionHandler =>
  async ({ execution, attempt, with: settings, workflow, environment }) => {
    const steps = await deps.definitions.steps(execution, attempt);
    const detailed = settings['template'] === 'detailed';
    const room = { bytes: MAX_PICTURE_BYTES };
    const runs: ReportedRun[] = [];
    for (const { step, outputs } of steps) {
      const id = outputs?.['run'];
      if (typeof id !== 'string') continue;
      const run = await deps.ledger.run(id);
      if (!run) continue;
      const media = await mediaOf(
        deps,
        id,
        room,
        settings['include_screenshots'] !== false,
        settings['include_videos'] !== false,
      );
      runs.push({ step, run, tests: await tests(deps.ledger, id), media });
    }
    const title = typeof settings['title'] === 'string' ? settings['title'] : workflow;
    const page = workflowPage({ title, execution, environment, detailed, runs });
    const stored = await deps.artifacts.put(Buffer.from(page, 'utf8'));
    await deps.ledger.addArtifact(execution, { name: NAME, mediaType: 'text/html', ...stored });
    return { artifact: NAME, digest: stored.digest, tests: runs.reduce((sum, run) => sum + run.tests.length, 0) };
  };

async function tests(ledger: Ledger, run: string): Promise<TestResult[]> {
  const found: TestResult[] = [];
  let cursor: string | undefined;
  do {
    const page = await ledger.results(run, { limit: PAGE, cursor });
    found.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && found.length < MAX_TESTS);
  return found;
}

async function mediaOf(
  deps: ReportDeps,
  run: string,
  room: { bytes: number },
  pictures: boolean,
  videos: boolean,
): Promise<ReportedMedia[]> {
  const media: ReportedMedia[] = [];
  for (const artifact of await deps.ledger.artifacts(run)) {
    const { name, mediaType, bytes, digest } = artifact;
    const link = `/api/runs/${encodeURIComponent(run)}/artifacts/${name.split('/').map(encodeURIComponent).join('/')}`;
    if (videos && mediaType.startsWith('video/')) media.push({ kind: 'video', name, link });
    if (!pictures || !/^image\/(?:png|jpeg|gif|webp)$/.test(mediaType) || bytes > room.bytes) continue;
    room.bytes -= bytes;
    const data = Buffer.from(await deps.artifacts.get(digest)).toString('base64');
    media.push({ kind: 'picture', name, link: `data:${mediaType};base64,${data}` });
  }
  return media;
}
