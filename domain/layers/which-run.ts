/** Which kind of run the flags of a command ask for. The first that is said wins; `plain` is what happens without any. */

export interface RunKindFlags {
  readonly masterOrchestration?: boolean | undefined;
  readonly orchestrationStatus?: boolean | undefined;
  readonly useLayers?: boolean | undefined;
  readonly websocketThreadId?: string | undefined;
}

export type RunKind =
  | 'master_orchestration'
  | 'orchestration_status'
  | 'enhanced_orchestration'
  | 'legacy_orchestration'
  | 'legacy_categories';

export function whichRun({
  masterOrchestration,
  orchestrationStatus,
  useLayers,
  websocketThreadId,
}: RunKindFlags): RunKind {
  if (masterOrchestration) return 'master_orchestration';
  if (orchestrationStatus) return 'orchestration_status';
  if (useLayers && websocketThreadId) return 'enhanced_orchestration';
  if (useLayers) return 'legacy_orchestration';
  return 'legacy_categories';
}
