/** The CLI's way to the API. A file of its own: a command must not load what only the control process needs. */
import { analysisClient, type AnalysisClient } from '../adapters/http/analysis-client.js';
import { alertsClient, type AlertsClient } from '../adapters/http/alerts-client.js';
import { Addresses } from '../adapters/http/addresses.js';
import { definitionsClient, type DefinitionsClient } from '../adapters/http/definitions-client.js';
import { executionsClient, type ExecutionsClient } from '../adapters/http/executions-client.js';
import { notificationsClient, type NotificationsClient } from '../adapters/http/notifications-client.js';
import { runnersClient, type RunnersClient } from '../adapters/http/runners-client.js';
import { triggersClient, type TriggersClient } from '../adapters/http/triggers-client.js';
import { schedulesClient, type SchedulesClient } from '../adapters/http/schedules-client.js';
import { type BatonClient, batonClient } from '../adapters/http/baton-client.js';

/** `url` such as `http://127.0.0.1:8080`, or several of one installation, separated by commas; `key` is needed only where the API has keys. */
export function connectClient(url: string, key: string | undefined): BatonClient {
  return batonClient(wireOf(url, key));
}

/** The same for runners and queues. */
export function connectRunners(url: string, key: string | undefined): RunnersClient {
  return runnersClient(wireOf(url, key));
}

/** The same for workflows and their executions. */
export function connectExecutions(url: string, key: string | undefined): ExecutionsClient {
  return executionsClient(wireOf(url, key));
}

/** The same for triggers and what is delivered to them. */
export function connectTriggers(url: string, key: string | undefined): TriggersClient {
  return triggersClient(wireOf(url, key));
}

/** The same for schedules. */
export function connectSchedules(url: string, key: string | undefined): SchedulesClient {
  return schedulesClient(wireOf(url, key));
}

/** The same for notifications and channels. */
export function connectNotifications(url: string, key: string | undefined): NotificationsClient {
  return notificationsClient(wireOf(url, key));
}

/** The same for failure analysis and the knowledge store. */
export function connectAnalysis(url: string, key: string | undefined): AnalysisClient {
  return analysisClient(wireOf(url, key));
}

/** The same for monitoring and alerts. */
export function connectAlerts(url: string, key: string | undefined): AlertsClient {
  return alertsClient(wireOf(url, key));
}

/** The same for workflows that a team has written itself. */
export function connectDefinitions(url: string, key: string | undefined): DefinitionsClient {
  return definitionsClient(wireOf(url, key));
}

function wireOf(url: string, key: string | undefined) {
  const all = url.split(',').map((each) => each.trim());
  return { baseUrl: all[0] ?? url, addresses: new Addresses(all), ...(key === undefined ? {} : { token: key }) };
}
