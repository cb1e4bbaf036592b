import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderConfiguration } from './manual.js';
import { PACKAGE_ROOT } from './package.js';

writeFileSync(join(PACKAGE_ROOT, 'docs', 'configuration.md'), renderConfiguration());
