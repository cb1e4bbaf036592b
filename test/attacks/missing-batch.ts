import type { Plan } from '../../domain/plan.schema.js';
import { project } from '../e2e/support/projects.js';
import { type Attack, asRunner, outcomeOf, PASSING } from './support/attack.js';

/** A liar with a runner's token stores the plan before the runners can: two files, and a batch for one of them. */
export const attack: Attack = {
  title: 'a plan with a batch missing',
  ends: ['incomplete'],
  because: /1 of 2 expected files observed/,
  async run(baton) {
    const dir = await project({ 'test/a.test.js': PASSING, 'test/b.test.js': PASSING });
    const model = await baton.plan((await baton.run(dir)).id);
    const pids = ['runner-1', 'runner-2'].map((part) => baton.pid(part));
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    let id: string;
    try {
      id = (await baton.start(dir)).id;
      const files = ['test/a.test.js', 'test/b.test.js'].map((file) => ({
        suite: model.suites[0]!.name,
        file,
        predictedMs: 1,
        basis: 'size' as const,
      }));
      const batch = { ...model.batches[0]!, id: 'b1', files: ['test/a.test.js'] };
      const plan: Plan = { ...model, files, batches: [batch] };
      const answer = await asRunner(baton, `runs/${id}/plan`, plan);
      if (answer.status !== 200) throw new Error(`the plan was refused: ${answer.text}`);
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    }
    return outcomeOf(await baton.finished(id));
  },
};
