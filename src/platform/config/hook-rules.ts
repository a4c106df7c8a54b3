import { BadValue } from './setting.js';

/** What happens to a request when its hook does not answer. */
export type OnSilence = 'allow' | 'refuse';

/** One entry of HOOKS. */
export interface HookRule {
  /** A noun, or `*` for every one. */
  noun: string;
  verb: string;
  /** Absent: as HOOKS_ON_SILENCE says. */
  onSilence?: OnSilence;
}

const ENTRY = /^([a-z][a-z-]{0,31}|\*)\.([a-z][a-z-]{0,31}|\*)(?::(allow|refuse))?$/;
const MAX_ENTRIES = 100;

/** `reservation.create,port-map.*:allow`, each a noun and a verb, with what silence means if it is not the usual. */
export function hookRules(text: string): readonly HookRule[] {
  const rules = text.split(',').map((entry) => {
    const [, noun, verb, onSilence] = ENTRY.exec(entry.trim()) ?? [];
    if (noun === undefined || verb === undefined) throw new BadValue();
    return { noun, verb, ...(onSilence === undefined ? {} : { onSilence: onSilence as OnSilence }) };
  });
  if (rules.length > MAX_ENTRIES) throw new BadValue(`at most ${MAX_ENTRIES} entries`);
  return rules;
}

export const hookRuleText = ({ noun, verb }: HookRule): string => `${noun}.${verb}`;

/** Whether an entry is about `<noun>.<verb>`. */
export function appliesTo({ noun, verb }: HookRule, operation: string): boolean {
  const [itsNoun, itsVerb] = operation.split('.');
  return (noun === '*' || noun === itsNoun) && (verb === '*' || verb === itsVerb);
}
