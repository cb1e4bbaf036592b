import { expect, it } from 'vitest';
import { Troubles } from '../../activities/monitoring/troubles.js';

it('a source that is away costs its own values and one warning, however many rounds it is away', async () => {
  const said: string[] = [];
  const troubles = new Troubles({
    info: (_data, message) => said.push(`info ${message}`),
    warn: (_data, message) => said.push(`warn ${message}`),
  });
  let away = true;
  const asked = (what: string) =>
    troubles.around(what, [], async () => (away ? Promise.reject(new Error('refused')) : [7]));
  expect([await asked('a'), await asked('a'), await asked('b'), await asked('a')]).toEqual([[], [], [], []]);
  away = false;
  expect([await asked('a'), await asked('a')]).toEqual([[7], [7]]);
  away = true;
  await asked('a');
  const noAnswer = 'no answer; what depends on it is left out until there is one';
  expect(said).toEqual([`warn a: ${noAnswer}`, `warn b: ${noAnswer}`, 'info a: answers again', `warn a: ${noAnswer}`]);
});
