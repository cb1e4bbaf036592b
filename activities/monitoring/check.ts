/** One check of a probe, within its time and measured. */
import type { Checked, Finding, Probe } from '../../domain/monitoring/health.js';

const MAX_SENTENCE = 500;

/** Runs a probe within its time. Never throws: what the probe throws is what is wrong. */
export async function checkOf(probe: Probe): Promise<Checked> {
  const began = performance.now();
  const done = (finding: Finding): Checked => ({
    name: probe.name,
    kind: probe.kind,
    status: finding.status,
    sentence: finding.sentence.slice(0, MAX_SENTENCE),
    latencyMs: Math.round((performance.now() - began) * 10) / 10,
  });
  const limit = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding>((resolve) => {
    timer = setTimeout(() => {
      resolve({
        status: 'down',
        sentence: `No answer within ${probe.timeoutMs} ms. See whether it runs and can be reached from here; \`timeout\` allows more.`,
      });
      limit.abort();
    }, probe.timeoutMs);
  });
  try {
    const finding = await Promise.race([probe.check(limit.signal), late]);
    const checked = done(finding);
    if (checked.status !== 'healthy' || probe.slowMs === undefined || checked.latencyMs <= probe.slowMs) return checked;
    return {
      ...checked,
      status: 'degraded',
      sentence: `It answers, but in ${checked.latencyMs} ms; slower than ${probe.slowMs} ms counts as slow.`,
    };
  } catch (error) {
    return done({ status: 'down', sentence: error instanceof Error ? error.message : String(error) });
  } finally {
    clearTimeout(timer);
    limit.abort();
  }
}
