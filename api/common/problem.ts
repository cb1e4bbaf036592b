import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import { PROBLEMS, ProjectProblem } from '../../domain/failures.js';
import { FenceRefused, NotFound } from '../../domain/ports.js';
import { TicketRefused } from '../../domain/proof.js';

export interface FieldError {
  readonly path: string;
  readonly message: string;
}

interface ProblemExtras {
  readonly errors?: readonly FieldError[] | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** An answer that is not the wanted one. `detail` is read by people: what happened and what to do. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  constructor(
    readonly status: number,
    /** Last part of the problem's `type`, such as `not-found`. */
    readonly kind: string,
    readonly detail: string,
    readonly extras: ProblemExtras = {},
  ) {
    super(detail);
  }
}

/** Seconds a client should wait while something behind the API is away. */
const RETRY_AFTER_S = '2';

export const notFound = (detail: string): ApiProblem => new ApiProblem(404, 'not-found', detail);
export const badRequest = (detail: string, errors?: readonly FieldError[]): ApiProblem =>
  new ApiProblem(400, 'bad-request', detail, { errors });
export const unavailable = (kind: string, detail: string): ApiProblem =>
  new ApiProblem(503, kind, detail, { headers: { 'Retry-After': RETRY_AFTER_S } });

const kebab = (name: string): string => name.replace(/[a-z](?=[A-Z])/g, '$&-').toLowerCase();

function fromProject(error: ProjectProblem): ApiProblem {
  if (PROBLEMS[error.problem].usage) return new ApiProblem(422, kebab(error.problem), error.message);
  if (error.problem === 'Internal') return generic();
  if (error.problem === 'DiskFull')
    return new ApiProblem(507, 'disk-full', error.message, { headers: { 'Retry-After': RETRY_AFTER_S } });
  return unavailable(kebab(error.problem), error.message);
}

const generic = (): ApiProblem =>
  new ApiProblem(500, 'internal', 'Something went wrong inside Baton. The log has the cause under this request id.');

/** Errors that body-parser, the router and Nest throw: a status, and a message that is safe to show below 500. */
function fromStatus(error: unknown): ApiProblem | undefined {
  if (error instanceof HttpException) return plain(error.getStatus(), error.message);
  if (!(error instanceof Error)) return undefined;
  const status = 'status' in error ? error.status : undefined;
  if (typeof status !== 'number' || status < 400 || status > 499) return undefined;
  return plain(status, error instanceof URIError ? 'The path is not well encoded.' : error.message);
}

const plain = (status: number, message: string): ApiProblem =>
  status >= 500
    ? generic()
    : new ApiProblem(status, kebab((STATUS_CODES[status] ?? 'Bad Request').replaceAll(' ', '')), message);

/** Every error has one home here. What is not known becomes a 500 that says nothing about the inside. */
export function toProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  if (error instanceof ProjectProblem) return fromProject(error);
  if (error instanceof FenceRefused) return new ApiProblem(409, 'fence-refused', error.message);
  if (error instanceof TicketRefused) return new ApiProblem(403, 'ticket-refused', error.message);
  if (error instanceof NotFound) return notFound(error.message);
  if (error instanceof Error && error.name === 'BadCursor') return badRequest(error.message);
  return fromStatus(error) ?? generic();
}
