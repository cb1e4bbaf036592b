/**
 * Text that reads like orders to a machine. Flagging it protects nothing by itself: what protects is that a model has no
 * hands. It tells a person that somebody tried.
 */
import { plainText } from '../clip.js';
import { visibleText } from '../redact.js';

const SIGNS: readonly (readonly [string, RegExp])[] = [
  [
    'asks to ignore instructions',
    /\b(?:ignore|disregard|forget|override|bypass)\b.{0,60}\b(?:instruction|prompt|rule|guideline|direction|above|previous|policy|safety)/i,
  ],
  [
    'speaks to an assistant',
    /\b(?:you are (?:now |an? )|as an? (?:ai|assistant|language model)|dear (?:ai|assistant|model)|(?:ai|assistant|copilot|claude|chatgpt|gpt-\w+)[,:] )/i,
  ],
  [
    'imitates a role',
    /(?:^|\n)\s*(?:#{1,4} ?)?(?:system|assistant|developer|user)\s*(?:prompt|message)?\s*:|<\|?(?:im_start|im_end|system|endoftext)\|?>|\[\/?INST\]|<\/?(?:system|instructions?)>/i,
  ],
  [
    'asks to act',
    /\b(?:run|execute|call|invoke|use)\b.{0,40}\b(?:command|tool|function|shell|script|curl|wget|bash)\b|\b(?:tool_call|function_call)\b/i,
  ],
  [
    'asks for secrets',
    /\b(?:print|reveal|show|send|post|leak|exfiltrate|output|include)\b.{0,60}\b(?:secret|password|token|api.?key|credential|environment variable|env var|system prompt)/i,
  ],
  [
    'asks to approve or skip',
    /\b(?:mark|treat|report|consider|classify)\b.{0,40}\bas (?:passed|fixed|safe|approved|green|resolved)\b|\b(?:approve|merge) (?:this|the) (?:pr|pull request|change|patch)|\b(?:delete|remove|skip|disable) (?:the|this|all|these|failing) (?:test|assertion|check)/i,
  ],
  ['imitates the marks around material', /<<<[0-9a-f]{8,}|[0-9a-f]{16,}>>>/i],
];
const LOOKED_AT = 20_000;

/** Empty where nothing is odd. */
export function suspicionsOf(text: string): string[] {
  const looked = text.slice(0, LOOKED_AT);
  const plain = plainText(looked);
  const seen = visibleText(looked);
  const hidden = plain.length - seen.length > 3 ? ['holds invisible characters'] : [];
  return [...SIGNS.filter(([, sign]) => sign.test(seen)).map(([name]) => name), ...hidden];
}
