/**
 * How long a layer may take. A run that is short of time cuts what matters least: before a layer begins, the time that more
 * important layers after it may need is kept free for them.
 */
import type { LayerPlan, PlannedLayer } from './plan.js';

/** Milliseconds from now; 0: there is no time for it at all. */
export function allowanceMs(plan: LayerPlan, groupNo: number, layer: PlannedLayer, remainingMs: number): number {
  const later = plan.foreground.slice(groupNo + 1);
  const kept = later.reduce((sum, group) => {
    const caps = group.filter((each) => each.priority < layer.priority).map((each) => each.capMs);
    return sum + Math.max(0, ...caps);
  }, 0);
  return Math.max(0, Math.min(layer.capMs, remainingMs - kept));
}

/** What a run was given, in the words of a plan that people read before anything runs. */
export function planText(plan: LayerPlan): string {
  const minutes = (ms: number): string => `${Math.round(ms / 6000) / 10} min`;
  const layerText = (layer: PlannedLayer): string[] => [
    `  ${layer.id} (${layer.name}): at most ${minutes(layer.capMs)}, ${layer.sequential ? 'one category after the other' : 'categories side by side'}, importance ${layer.priority}${layer.flags.length > 0 ? `, flags ${layer.flags.join(', ')}` : ''}`,
    ...layer.categories.map(
      (each) =>
        `    ${each.name}: at most ${each.timeout_seconds} s, ${each.max_parallel_instances} batches at one time`,
    ),
  ];
  const side = (groups: LayerPlan['foreground']): string[] =>
    groups.flatMap((group, i) => [`  step ${i + 1}`, ...group.flatMap(layerText)]);
  return [
    `mode ${plan.mode}${plan.environment === null ? '' : `, environment ${plan.environment}`}, at most ${minutes(plan.totalCapMs)} until the verdict`,
    ...(plan.prepare ? [`prepare: ${plan.prepare.name}`] : []),
    ...(plan.foreground.length > 0
      ? ['the verdict waits for', ...side(plan.foreground)]
      : ['the verdict waits for nothing']),
    ...(plan.background.length > 0
      ? [
          `behind the verdict, begun ${plan.backgroundAfter ? 'when the rest has ended' : 'at once'}`,
          ...side(plan.background),
        ]
      : ['nothing goes on behind the verdict']),
    ...(plan.postProcess ? [`at the end: ${plan.postProcess.name}`] : []),
    `expected: at most ${minutes(
      Math.min(
        plan.totalCapMs,
        plan.foreground.reduce((sum, group) => sum + Math.max(...group.map((each) => each.capMs)), 0),
      ),
    )} in front`,
    '',
  ].join('\n');
}
