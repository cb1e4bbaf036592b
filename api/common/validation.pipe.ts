import { StandardSchemaValidationPipe } from '@nestjs/common';
import { badRequest, type FieldError } from './problem.js';

/** Errors after these are left out: the first ones are what people read. */
const MAX_ERRORS = 50;

/** The part of a standard-schema issue that is read. */
interface Issue {
  readonly message: string;
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined;
}

const pathOf = (issue: Issue): string =>
  (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');

function fieldErrors(issues: readonly Issue[]): FieldError[] {
  return issues
    .slice(0, MAX_ERRORS)
    .map((issue) => ({ path: pathOf(issue).slice(0, 300), message: issue.message.slice(0, 500) }));
}

function sentence(errors: readonly FieldError[], all: number): string {
  const first = errors[0];
  const more = all > 1 ? ` (and ${all - 1} more)` : '';
  return `The request is not valid: ${first?.path ? `\`${first.path}\` ` : ''}${first?.message ?? ''}${more}`;
}

/**
 * Checks bodies, queries and path parameters by the zod schema named at the parameter. What zod returns is a copy of
 * what the schema knows, so keys such as `__proto__` go no further.
 */
export function validationPipe(): StandardSchemaValidationPipe {
  return new StandardSchemaValidationPipe({
    exceptionFactory: (issues) => {
      const errors = fieldErrors(issues);
      return badRequest(sentence(errors, issues.length), errors);
    },
  });
}
