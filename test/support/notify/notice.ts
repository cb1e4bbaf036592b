/** A believable notice; a test changes what it is about. */
import type { Notice } from '../../../domain/notice.js';

export const aNotice = (key: string, change: Partial<Notice> = {}): Notice => ({
  key,
  kind: 'test_failure',
  severity: 'warning',
  project: 'shop',
  title: `${key} failed`,
  text: 'Two tests of the cart failed.',
  group: key,
  links: [{ label: 'report', url: 'https://ci.example.org/runs/1' }],
  data: { passed: 10, failed: 2 },
  ...change,
});
