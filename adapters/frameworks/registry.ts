/** Every framework adapter, in the order in which detection asks them. A new one is one file and one line here. */
import type { FrameworkAdapter } from '../../domain/framework.js';
import { cargoAdapter } from './cargo.js';
import { commandAdapter } from './command.js';
import { goTestAdapter } from './go-test.js';
import { jestAdapter } from './jest.js';
import { mavenAdapter } from './maven.js';
import { mochaAdapter } from './mocha.js';
import { nodeTestAdapter } from './node-test.js';
import { playwrightAdapter } from './playwright.js';
import { pytestAdapter } from './pytest.js';
import { vitestAdapter } from './vitest.js';

export const ADAPTERS: readonly FrameworkAdapter[] = [
  vitestAdapter,
  jestAdapter,
  mochaAdapter,
  nodeTestAdapter,
  playwrightAdapter,
  pytestAdapter,
  goTestAdapter,
  mavenAdapter,
  cargoAdapter,
  commandAdapter,
];
