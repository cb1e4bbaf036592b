/** Which faults a storm is made of. Each mix has kills, and more of one kind of fault beside them. */
import { type StormPlan, USUAL } from './storm.js';

export const MIXES = {
  usual: { kinds: { ...USUAL.kinds, write: 10 } },
  kills: { kinds: { kill: 90, term: 6, all: 4 } },
  writes: { kinds: { kill: 60, term: 5, freeze: 5, write: 30 } },
  disk: { kinds: { kill: 72, term: 4, freeze: 4, disk: 20 } },
  links: { kinds: { kill: 60, term: 4, freeze: 4, zombie: 4, link: 28 } },
} satisfies Record<string, Partial<Pick<StormPlan, 'kinds'>>>;

export type Mix = keyof typeof MIXES;
export const MIX_NAMES = Object.keys(MIXES) as Mix[];

export function mixNamed(name: string): Mix {
  const found = MIX_NAMES.find((each) => each === name);
  if (!found) throw new Error(`There is no mix "${name}". Known: ${MIX_NAMES.join(', ')}.`);
  return found;
}
