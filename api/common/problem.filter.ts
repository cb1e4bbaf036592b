import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, Inject, NotFoundException } from '@nestjs/common';
import type { ProblemDocument } from '../../domain/api.schema.js';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { unread } from './drain.js';
import type { Req, Res } from './http.js';
import { ApiProblem, toProblem } from './problem.js';
import { RouteTable } from './route-table.js';

/** Turns every error into RFC 9457 problem JSON. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    @Inject(API_DEPS) private readonly deps: Pick<ApiDeps, 'logger'>,
    @Inject(RouteTable) private readonly routes: RouteTable,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const req = http.getRequest<Req>();
    const res = http.getResponse<Res>();
    const problem = this.wrongMethod(error, req) ?? toProblem(error);
    const requestId = req.baton?.requestId ?? randomUUID();
    if (problem.status >= 500)
      this.deps.logger.error({ err: error, requestId, method: req.method, path: req.path }, 'request failed');
    void unread(req).then(() => sendProblem(req, res, problem, requestId));
  }

  /** Nest throws its own NotFoundException only where no route matches: perhaps one would for another method. */
  private wrongMethod(error: unknown, req: Req): ApiProblem | undefined {
    const refused = error instanceof ApiProblem && error.status === 405;
    if (!refused && !(error instanceof NotFoundException)) return undefined;
    const allowed = this.routes.methodsOf(req.path).join(', ');
    if (allowed === '')
      return new ApiProblem(404, 'not-found', 'There is no such path. The API is described at /docs.');
    return new ApiProblem(405, 'method-not-allowed', `This path takes ${allowed}.`, { headers: { Allow: allowed } });
  }
}

export function problemDocument(problem: ApiProblem, requestId: string): ProblemDocument {
  return {
    type: `urn:baton:problem:${problem.kind}`,
    title: STATUS_CODES[problem.status] ?? 'Error',
    status: problem.status,
    detail: problem.detail,
    requestId,
    ...(problem.extras.errors ? { errors: [...problem.extras.errors] } : {}),
  };
}

export function sendProblem(req: Req, res: Res, problem: ApiProblem, requestId: string): void {
  // A download that broke half-way cannot become an error page: cut it, so that nobody takes it for whole.
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const body = JSON.stringify(problemDocument(problem, requestId));
  res.statusCode = problem.status;
  for (const name of ['Content-Disposition', 'Content-Range', 'ETag', 'Accept-Ranges']) res.removeHeader(name);
  res.setHeader('Content-Type', 'application/problem+json; charset=utf-8');
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('Content-Length', Buffer.byteLength(body));
  for (const [name, value] of Object.entries(problem.extras.headers ?? {})) res.setHeader(name, value);
  // What is still left of a body nobody will read would be taken for the next request.
  if (!req.complete) res.setHeader('Connection', 'close');
  res.end(req.method === 'HEAD' ? undefined : body);
}
