import { expect, it } from 'vitest';
import { together } from '../../config/features/index.js';

it('two capabilities cannot have an activity of one name', () => {
  const [one, two] = [async () => 1, async () => 2];
  expect(together([{ one }, { two }])).toEqual({ one, two });
  expect(() => together([{ one }, { one: two }])).toThrow(/Two capabilities have an activity one/);
});
