import { type Attack, inProject, PASSING } from './support/attack.js';

export const attack: Attack = {
  title: 'a filter that matches nothing',
  ends: ['incomplete'],
  because: /"nowhere" matches no test file/,
  run: inProject({ 'test/a.test.js': PASSING }, { filter: 'nowhere' }),
};
