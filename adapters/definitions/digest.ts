import { createHash } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical.js';
import type { Definition } from '../../domain/definitions/definition.schema.js';

/** The name of a definition's content: equal definitions have equal digests. */
export const definitionDigest = (definition: Definition): string =>
  `sha256:${createHash('sha256').update(canonicalJson(definition)).digest('hex')}`;
