/** What a test ran, from V8's block coverage: segments of files, by position in their text. */
import { z } from 'zod';

/** As `Profiler.takePreciseCoverage` and `NODE_V8_COVERAGE` give it. Functions outermost first, and so their ranges. */
export const V8Script = z.object({
  url: z.string().max(4096),
  functions: z.array(
    z.object({
      functionName: z.string().max(2000),
      isBlockCoverage: z.boolean(),
      ranges: z.array(z.object({ startOffset: z.int(), endOffset: z.int(), count: z.number() })),
    }),
  ),
});
export type V8Script = z.infer<typeof V8Script>;

/** One line that the probe inside the test process writes after each test. */
export const TestCoverage = z.object({
  name: z.string().max(4000),
  passed: z.boolean().nullable(),
  scripts: z.array(V8Script),
});
export type TestCoverage = z.infer<typeof TestCoverage>;

/** Sorted, apart from each other; end is exclusive. */
export type Segments = readonly (readonly [start: number, end: number])[];

/** Parts of a file that ran. Later and inner ranges paint over earlier and outer ones. */
export function segmentsOf(script: V8Script): Segments {
  const ranges = script.functions.flatMap((each) => each.ranges);
  const edges = [...new Set(ranges.flatMap((range) => [range.startOffset, range.endOffset]))].sort((a, b) => a - b);
  const place = new Map(edges.map((edge, i) => [edge, i]));
  const counts = new Array<number>(edges.length).fill(0);
  for (const { startOffset, endOffset, count } of ranges)
    counts.fill(count, place.get(startOffset)!, place.get(endOffset)!);
  const ran: [number, number][] = [];
  for (let i = 0; i + 1 < edges.length; i++) {
    if (counts[i]! <= 0) continue;
    const last = ran.at(-1);
    if (last && last[1] === edges[i]) last[1] = edges[i + 1]!;
    else ran.push([edges[i]!, edges[i + 1]!]);
  }
  return ran;
}

export function covers(segments: Segments, offset: number): boolean {
  let low = 0;
  let high = segments.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [start, end] = segments[middle]!;
    if (offset < start) high = middle - 1;
    else if (offset >= end) low = middle + 1;
    else return true;
  }
  return false;
}
