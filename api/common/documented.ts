import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';
import { ProblemDocument } from '../../domain/api.schema.js';

const WORDS: Record<number, string> = {
  400: 'Not valid; `errors` names the fields.',
  401: 'No key, or one that is not known.',
  403: 'The role is not enough.',
  404: 'There is no such thing.',
  409: 'It is too late for this.',
  413: 'Larger than allowed.',
  415: 'Another kind of body is needed.',
  416: 'The range lies outside.',
  422: 'Understood, but it cannot be done like this.',
  429: 'Too many wrong keys.',
  503: 'Something behind the API is away; `Retry-After` says when to ask again.',
};

/** Every route may answer these. */
const EVERYWHERE = [400, 401, 403, 429] as const;

function problem(status: number) {
  return ApiResponse({
    status,
    description: WORDS[status] ?? 'Problem.',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemDocument' } } },
  });
}

/** Documents what a route answers: its own status and schema, and the problems it may end with. */
export function Answers(status: number, schema: z.ZodType, description: string, ...problems: number[]) {
  return applyDecorators(
    ApiResponse({ status, description, standardSchema: schema }),
    ...[...new Set([...EVERYWHERE, ...problems])].map(problem),
  );
}

/** The same for a route that answers with bytes of a file. */
export function AnswersFile(description: string, ...problems: number[]) {
  const content = { '*/*': { schema: { type: 'string', format: 'binary' } } };
  return applyDecorators(
    ApiResponse({ status: 200, description, content }),
    ApiResponse({ status: 206, description: 'The part asked for by `Range`.', content }),
    ApiResponse({ status: 304, description: 'Not changed since `If-None-Match`.' }),
    ...[...new Set([...EVERYWHERE, ...problems])].map(problem),
  );
}

/** Components that are only named by `$ref`. */
export const NAMED = { ProblemDocument };
