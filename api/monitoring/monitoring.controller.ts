import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Health, overall } from '../../domain/monitoring/health.js';
import { SeriesName } from '../../domain/monitoring/monitoring.schema.js';
import {
  AnomaliesQuery,
  AnomalyList,
  Dashboard,
  NewPoints,
  SeriesAnswer,
  SeriesList,
  SeriesQuery,
  StoredSeries,
} from '../../domain/monitoring/series.schema.js';
import { OWN_SERIES } from '../../domain/monitoring/catalogue.js';
import { nearest } from '../../domain/monitoring/nearest.js';
import { timesOf } from '../../domain/monitoring/settings.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { ApiProblem, badRequest, notFound } from '../common/problem.js';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { monitoringOf } from './deps.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const CHART_POINTS = 300;
/** Series that one installation may have by API; a name made from an id would fill the disk. */
const MOST_USER_SERIES = 500;

@ApiTags('monitoring')
@Controller('api')
export class MonitoringController {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  @Get('health')
  @Access('viewer')
  @ApiOperation({ summary: 'Healthy, degraded or down: in one word and by component' })
  @Answers(200, Health, 'What was found at the newest checks.', 503)
  async health(): Promise<Health> {
    const { store, settings } = monitoringOf(this.deps);
    const stale = 3 * timesOf(settings()).collectMs + 60_000;
    const components = (await store.health()).map((part) =>
      Date.now() - Date.parse(part.checkedAt) <= stale
        ? part
        : {
            ...part,
            status: 'degraded' as const,
            sentence: `Nobody has looked since ${part.checkedAt}: see whether a control process runs.`,
          },
    );
    if (components.length === 0)
      throw new ApiProblem(503, 'unavailable', 'Nothing has been checked yet; ask again in half a minute.');
    return { status: overall(components), components };
  }

  @Get('monitoring/metrics')
  @Access('viewer')
  @ApiOperation({ summary: 'Every series with its unit and newest value' })
  @Answers(200, SeriesList, 'The series.', 503)
  async allSeries(): Promise<SeriesList> {
    return { items: await monitoringOf(this.deps).store.series() };
  }

  @Get('monitoring/metrics/:name')
  @Access('viewer')
  @ApiOperation({ summary: 'One series over a window: points, mean, quantiles, rate' })
  @Answers(200, SeriesAnswer, 'The series.', 404, 503)
  async oneSeries(
    @Param('name', { schema: SeriesName }) name: string,
    @Query({ schema: SeriesQuery }) query: SeriesQuery,
  ): Promise<SeriesAnswer> {
    const { store } = monitoringOf(this.deps);
    const found = await this.find(name);
    const to = query.to === undefined ? Date.now() : Date.parse(query.to);
    const from = to - query.hours * HOUR_MS;
    const stepMs = query.step === undefined ? Math.max(1000, (to - from) / CHART_POINTS) : query.step * 1000;
    const [points, summary] = await Promise.all([store.points(name, from, to, stepMs), store.summary(name, from, to)]);
    return {
      ...found,
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
      stepSeconds: stepMs / 1000,
      summary,
      points: points.map((point) => ({ ...point, at: new Date(point.at).toISOString() })),
    };
  }

  @Post('monitoring/metrics')
  @HttpCode(202)
  @Access('operator')
  @ApiOperation({ summary: 'Record values of a series of your own, such as `orders_total`' })
  @Answers(202, StoredSeries, 'They are stored.', 409, 413, 415, 503)
  async recordSeries(@Body({ schema: NewPoints }) body: NewPoints): Promise<StoredSeries> {
    const { store } = monitoringOf(this.deps);
    const all = await store.series();
    const known = all.find(({ name }) => name === body.name);
    if (
      (known && known.source !== 'user') ||
      OWN_SERIES.some(({ name }) => name === body.name) ||
      body.name.startsWith('probe.')
    )
      throw new ApiProblem(409, 'conflict', `The series "${body.name}" is Baton's own: take another name.`);
    if (!known && all.filter(({ source }) => source === 'user').length >= MOST_USER_SERIES)
      throw badRequest(`There are ${MOST_USER_SERIES} series already: put changing parts into fewer names.`);
    if (!known)
      await store.declare([{ name: body.name, unit: body.unit, kind: body.kind, help: body.help, source: 'user' }]);
    const now = Date.now();
    const points = body.points?.map(({ at, value }) => ({ at: Date.parse(at), value })) ?? [
      { at: now, value: body.value! },
    ];
    if (points.some(({ at }) => at < now - DAY_MS || at > now + 60_000))
      throw badRequest('`points` are of the last day, and none is of the future.');
    for (const { at, value } of points.sort((a, b) => a.at - b.at))
      await store.record(at, [{ name: body.name, value }]);
    return this.find(body.name);
  }

  @Get('monitoring/anomalies')
  @Access('viewer')
  @ApiOperation({ summary: 'Anomalies, newest first, with the test runs they started' })
  @Answers(200, AnomalyList, 'The anomalies.', 503)
  async anomalies(@Query({ schema: AnomaliesQuery }) { open, series, limit }: AnomaliesQuery): Promise<AnomalyList> {
    const { store } = monitoringOf(this.deps);
    const items = await store.anomalies({
      limit,
      ...(open === undefined ? {} : { open: open === 'true' }),
      ...(series === undefined ? {} : { series }),
    });
    return { items };
  }

  @Get('monitoring/dashboard')
  @Access('viewer')
  @ApiOperation({ summary: 'What the newest firing of the monitoring workflow has left: health, values, anomalies' })
  @Answers(200, Dashboard, 'The data.', 404, 503)
  async dashboard(): Promise<Dashboard> {
    const found = await monitoringOf(this.deps).store.dashboard();
    if (!found)
      throw notFound(
        'The monitoring workflow has not fired yet; the section `monitoring` of the settings makes its schedule.',
      );
    return found;
  }

  private async find(name: string): Promise<StoredSeries> {
    const all = await monitoringOf(this.deps).store.series();
    const found = all.find((series) => series.name === name);
    if (found) return found;
    const meant = nearest(
      name,
      all.map((series) => series.name),
    );
    throw notFound(`There is no series "${name}"${meant ? `; did you mean "${meant}"?` : '.'}`);
  }
}
