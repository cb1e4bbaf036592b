/** Everybody Baton sends messages to over HTTP, on one real server. Bodies are checked against what vendors document. */
import { type FakeServer, startFakeServer } from '../fake-host/server.js';
import { FakeDiscord, FakeTeams } from './cards.js';
import { FakeJira } from './jira.js';
import { FakePagerDuty } from './pagerduty.js';
import { FakeSlack } from './slack.js';

export interface Vendors extends FakeServer {
  readonly slack: FakeSlack;
  readonly teams: FakeTeams;
  readonly discord: FakeDiscord;
  readonly pagerduty: FakePagerDuty;
  readonly jira: FakeJira;
}

export async function startVendors(): Promise<Vendors> {
  const vendors = {
    slack: new FakeSlack(),
    teams: new FakeTeams(),
    discord: new FakeDiscord(),
    pagerduty: new FakePagerDuty(),
    jira: new FakeJira(),
  };
  const server = await startFakeServer<string>({
    prefix: '',
    identify: (request) => request.headers.authorization ?? '',
    invalid: (issues) => ({ status: 400, body: { error: 'invalid_payload', issues } }),
    routes: Object.values(vendors).flatMap((vendor) => vendor.routes()),
    other: (_request, response) => void response.destroy(),
  });
  return { ...server, ...vendors };
}
