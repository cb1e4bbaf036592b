/** Repair of JavaScript and TypeScript by templates over the syntax tree. */
import type { RepairTools } from '../../domain/fix/ports.js';
import { generateCandidates } from './generate.js';
import { importsOf } from './imports.js';
import { sabotage } from './sabotage.js';
import { isScript, syntaxError } from './source.js';

export const scriptRepair: RepairTools = {
  knows: isScript,
  generate: generateCandidates,
  imports: importsOf,
  syntaxError: (path, text) => (isScript(path) ? syntaxError(path, text) : null),
  sabotage: (path, text, offset) => (isScript(path) ? sabotage(path, text, offset) : undefined),
};
