import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

// A browser of the system is good enough, and saves a download; otherwise `npx playwright install chromium`.
const system = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path));

export default defineConfig({
  testDir: './tests',
  timeout: 20_000,
  outputDir: './test-results',
  use: {
    browserName: 'chromium',
    launchOptions: { executablePath: system, args: ['--no-sandbox', '--disable-gpu'] },
  },
});
