import type { Rewrite } from '../plan.js';
import { isAbsent, type NftLive } from './live.js';
import { chainDeclaration, declared, type WantedFrame } from './ruleset.js';

/** What is to be done about everything of the table but elements. */
export interface FrameDiff {
  /** The table is made anew as a whole, in one transaction: what is wrong cannot be mended in place. */
  rebuild: boolean;
  /** Commands, without those for elements. */
  commands: string[];
  adds: string[];
  removes: string[];
  rewrites: Rewrite[];
  /** Chains that were not as they should be: what they lead to may not work. */
  broken: ReadonlySet<string>;
}

const NOTHING: FrameDiff = { rebuild: false, commands: [], adds: [], removes: [], rewrites: [], broken: new Set() };

const sameRules = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((rule, index) => rule === b[index]);

/** Why the table cannot be mended: somebody made in it what is not ours, or made what is ours differently. */
function whyRebuild({ frame }: NftLive, wanted: WantedFrame): string[] {
  if (frame === undefined) return [];
  const because = frame.others.map((what) => `not ours: ${what}`);
  for (const [name, live] of frame.sets) {
    const want = wanted.sets.get(name);
    if (want !== live) because.push(want === undefined ? `not ours: set ${name}` : `altered: set ${name}`);
  }
  for (const [name, { base }] of frame.chains) {
    const want = wanted.chains.get(name);
    if (want?.base !== base) because.push(want === undefined ? `not ours: chain ${name}` : `altered: chain ${name}`);
  }
  return because;
}

/**
 * The frame as wanted against what is live. A chain whose rules are not exactly ours in their order is emptied and filled in
 * the same transaction. When the frame is not known, because others commit too often for it to be read, all of it is
 * written: 70 rules, and the kernel refuses them when what is there is of another shape.
 */
export function diffFrame(wanted: WantedFrame, live: NftLive, table: string): FrameDiff {
  const { frame } = live;
  const because = whyRebuild(live, wanted);
  const rebuild = because.length > 0;
  const fresh = rebuild || isAbsent(live);
  const diff = { ...NOTHING, rebuild, commands: [] as string[], adds: [] as string[], removes: [] as string[] };
  const broken = new Set<string>();
  const rewrites: Rewrite[] = rebuild ? [{ chain: `table ${table}`, because }] : [];
  const rules: string[] = [];
  for (const [name] of wanted.sets) {
    if (fresh || frame?.sets.has(name) !== true)
      diff.commands.push(`add ${withTable(declared(name, wanted.sets), table)}`);
  }
  for (const [name, { base, rules: want }] of wanted.chains) {
    const have = fresh ? undefined : frame?.chains.get(name);
    if (have !== undefined && sameRules(have.rules, want)) continue;
    broken.add(name);
    if (have === undefined) diff.commands.push(`add ${chainDeclaration(name, base).replace('TABLE', table)}`);
    if (have !== undefined || (frame === undefined && !fresh)) rules.push(`flush chain ${table} ${name}`);
    const missing = want.filter((rule) => have?.rules.includes(rule) !== true);
    const line = (rule: string): string =>
      `add rule ${table} ${name} ${wanted.texts.get(rule) ?? ''} comment "${rule}"`;
    rules.push(...want.map(line));
    diff.adds.push(...missing.map(line));
    if (have === undefined) continue;
    const surplus = have.rules.filter((rule) => !want.includes(rule));
    diff.removes.push(...surplus.map((rule) => `${table} ${name} ${rule}`));
    const foreign = surplus.filter((rule) => !rule.startsWith('berth1:'));
    if (foreign.length > 0) rewrites.push({ chain: name, because: foreign.map((rule) => `not ours: ${rule}`) });
    else if (missing.length + surplus.length === 0)
      rewrites.push({ chain: name, because: ['rules twice or in another order'] });
  }
  diff.commands.push(...rules);
  if (diff.commands.length > 0 && fresh) {
    // `create`: whoever made a table of this name meanwhile is not overrun.
    diff.commands.unshift(...(rebuild ? [`delete table ${table}`] : []), `create table ${table}`);
    diff.adds.unshift(`create table ${table}`);
  } else if (diff.commands.length > 0) {
    // Clears a flag that puts the table to sleep, too.
    diff.commands.unshift(`add table ${table}`);
    for (const command of diff.commands) if (/^add (?:set|map|chain) /.test(command)) diff.adds.push(command);
  }
  return { ...diff, rewrites, broken };
}

const withTable = (declaration: string, table: string): string => declaration.replace(/^(\w+) /, `$1 ${table} `);
