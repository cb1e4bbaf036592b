import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { AnalysisController, KnowledgeController } from './analysis/analysis.controller.js';
import { AlertsController } from './alerts/alerts.controller.js';
import { RulesController } from './alerts/rules.controller.js';
import { SilencesController } from './alerts/silences.controller.js';
import { ArtifactsController } from './artifacts/artifacts.controller.js';
import { AccessGuard } from './common/access.guard.js';
import { Authenticator } from './common/authenticator.js';
import { ProblemFilter } from './common/problem.filter.js';
import { RouteTable } from './common/route-table.js';
import { validationPipe } from './common/validation.pipe.js';
import { API_DEPS, type ApiDeps } from './deps.js';
import { DefinitionsController, SchemasController, TemplatesController } from './definitions/definitions.controller.js';
import { DefinitionsService } from './definitions/definitions.service.js';
import { StepsController } from './definitions/steps.controller.js';
import { StepsService } from './definitions/steps.service.js';
import { DocsController } from './docs/docs.controller.js';
import { DocsService } from './docs/docs.service.js';
import { EventsController } from './events/events.controller.js';
import { ExecutionsController, WorkflowsController } from './executions/executions.controller.js';
import { ExecutionsService } from './executions/executions.service.js';
import { FailuresController } from './failures/failures.controller.js';
import { HooksController } from './hooks/hooks.controller.js';
import { HooksService } from './hooks/hooks.service.js';
import { HealthController } from './health/health.controller.js';
import { HealthService } from './health/health.service.js';
import { BaseController } from './ingest/base.controller.js';
import { FixesController } from './ingest/fixes.controller.js';
import { IngestController } from './ingest/ingest.controller.js';
import { PlansController } from './ingest/plans.controller.js';
import { UploadsController } from './ingest/uploads.controller.js';
import { LiveGateway } from './live/live.gateway.js';
import { EventPump } from './live/pump.js';
import { MetricsController } from './metrics/metrics.controller.js';
import { MetricsService } from './metrics/metrics.service.js';
import { NoticesController, NotificationsController } from './notifications/notifications.controller.js';
import { MonitoringController } from './monitoring/monitoring.controller.js';
import { ReceiptsController } from './receipts/receipts.controller.js';
import { PoolIngestController } from './runners/pool-ingest.controller.js';
import { PoolService } from './runners/pool.service.js';
import { AgentsController, RunnersController } from './runners/runners.controller.js';
import { DetailsController } from './runs/details.controller.js';
import { RunsController } from './runs/runs.controller.js';
import { RunsService } from './runs/runs.service.js';
import { JobsController, SchedulerJobsController, SchedulesController } from './schedules/schedules.controller.js';
import { SchedulesService } from './schedules/schedules.service.js';
import { TestsController } from './tests/tests.controller.js';
import { TravelController } from './travel/travel.controller.js';
import { TravelService } from './travel/travel.service.js';
import { TriggersController } from './triggers/triggers.controller.js';
import { TriggersService } from './triggers/triggers.service.js';

export const CONTROLLERS = [
  HealthController,
  DocsController,
  RunsController,
  DetailsController,
  TravelController,
  EventsController,
  ArtifactsController,
  TestsController,
  ReceiptsController,
  IngestController,
  BaseController,
  FixesController,
  PlansController,
  UploadsController,
  MetricsController,
  FailuresController,
  AnalysisController,
  KnowledgeController,
  NotificationsController,
  NoticesController,
  WorkflowsController,
  ExecutionsController,
  SchedulesController,
  SchedulerJobsController,
  JobsController,
  DefinitionsController,
  TemplatesController,
  SchemasController,
  StepsController,
  RunnersController,
  AgentsController,
  PoolIngestController,
  HooksController,
  TriggersController,
  MonitoringController,
  RulesController,
  SilencesController,
  AlertsController,
];

@Module({})
export class AppModule {}

/** The module with everything it was given; nothing is looked up from elsewhere. */
export function appModule(deps: ApiDeps): DynamicModule {
  return {
    module: AppModule,
    controllers: CONTROLLERS,
    providers: [
      { provide: API_DEPS, useValue: deps },
      { provide: Authenticator, useFactory: () => new Authenticator(deps) },
      { provide: EventPump, useFactory: () => new EventPump(deps.ledger, deps.logger) },
      RouteTable,
      RunsService,
      TravelService,
      HealthService,
      PoolService,
      DefinitionsService,
      StepsService,
      DocsService,
      LiveGateway,
      MetricsService,
      HooksService,
      TriggersService,
      ExecutionsService,
      SchedulesService,
      { provide: APP_GUARD, useClass: AccessGuard },
      { provide: APP_FILTER, useClass: ProblemFilter },
      { provide: APP_PIPE, useFactory: validationPipe },
    ],
  };
}
