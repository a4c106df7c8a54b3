import { FirewallError } from '../../src/gateway/firewall/firewall.js';
import { NO_FRAME, type NftLive } from '../../src/gateway/firewall/nft/live.js';
import { definition, fewOf, isBucket } from '../../src/gateway/firewall/nft/ruleset.js';
import type { Family } from '../../src/ip/address.js';

interface Rule {
  text: string;
  comment: string | undefined;
}
interface Chain {
  base: string;
  rules: Rule[];
}
interface Table {
  sets: Map<string, { definition: string; elements: Map<string, string> }>;
  chains: Map<string, Chain>;
  others: string[];
}

const PRIORITIES: Readonly<Record<string, string>> = { accept: 'accept', drop: 'drop' };
const copy = (tables: Map<string, Table>): Map<string, Table> => structuredClone(tables);

/** Tables in memory that take the text of `nft -f -`, refusing what the real ones refuse, each text wholly or not at all. */
export class FakeNftKernel {
  private tables = new Map<string, Table>();
  /** What there is besides our tables, as it was given. */
  private foreign: string[] = [];

  run(text: string): void {
    const tables = copy(this.tables);
    const foreign = [...this.foreign];
    const whole = text.replace(/^table (?!ip6? berth )[^]*?^\}$/gm, (block) => {
      foreign.push(block);
      return '';
    });
    for (const line of whole.split('\n').filter((one) => one !== '')) {
      if (line === 'flush ruleset') {
        tables.clear();
        foreign.length = 0;
      } else if (/ ip6? berth\b(?!-)/.test(line)) execute(tables, line);
      else foreign.push(line);
    }
    this.tables = tables;
    this.foreign = foreign;
  }

  dump(): string {
    const own = [...this.tables].map(([name, { sets, chains }]) =>
      [
        `table ${name} {`,
        ...[...sets].map(([set, { elements }]) => `\tset ${set} { ${[...elements].map(shown).join(', ')} }`),
        ...[...chains].map(([chain, { base, rules }]) => {
          const texts = rules.map((rule) => `${rule.text} comment "${rule.comment ?? ''}"`);
          return `\tchain ${chain} { ${base.replace(/(?<=^\w+) /, ' hook ')}; ${texts.join('; ')} }`;
        }),
        '}',
      ].join('\n'),
    );
    return [...own, ...this.foreign].map((block) => `${block}\n`).join('');
  }

  live(family: Family): NftLive {
    const table = this.tables.get(family === 4 ? 'ip berth' : 'ip6 berth');
    const elements = (name: string): Map<string, string> => new Map(table?.sets.get(name)?.elements);
    const buckets = [...new Set([...(table?.sets.keys() ?? [])].map((name) => `m${name.slice(1)}`))].filter(isBucket);
    return {
      family,
      frame:
        table === undefined
          ? NO_FRAME
          : {
              sets: new Map([...table.sets].map(([name, set]) => [name, set.definition])),
              chains: new Map(
                [...table.chains].map(([name, { base, rules }]) => [
                  name,
                  { base, rules: rules.map(({ text, comment }) => (comment?.startsWith('berth1:') ? comment : text)) },
                ]),
              ),
              others: table.others,
            },
      buckets: new Map(buckets.map((name) => [name, new Map([...elements(name), ...elements(fewOf(name))])])),
      notes: elements('notes'),
      blockers: [],
    };
  }
}

const shown = ([key, value]: [string, string]): string =>
  value.startsWith('berth1:') ? `${key} comment "${value}"` : `${key} : ${value}`;

function refuse(why: string, part: string): never {
  throw new FirewallError('refused', `nft refused the change, nothing of it is applied: ${why} (${part})`);
}
const missing = (part: string): never => refuse('No such file or directory', part);

function execute(tables: Map<string, Table>, line: string): void {
  const command =
    /^(?:(?<verb>\w+) )?(?<kind>table|set|map|chain|rule|element|counter) (?<name>ip6? berth)(?: (?<of>\w+))?(?<rest>.*)$/;
  const {
    verb = 'add',
    kind = '',
    name = '',
    of = '',
    rest = '',
  } = command.exec(line)?.groups ?? refuse('syntax', line);
  if (kind === 'table') {
    tableCommand(tables, verb, name);
    return;
  }
  const table = tables.get(name) ?? missing(name);
  if (kind === 'set' || kind === 'map') setCommand(table, verb, of, rest);
  else if (kind === 'element') elementCommand(table, verb, of, rest);
  else if (kind === 'chain') chainCommand(table, verb, of, rest);
  else if (kind === 'counter') table.others.push(`counter ${of}`);
  else {
    const [, text = '', comment] = /^ (.*?)(?: comment "([^"]*)")?$/.exec(rest) ?? [];
    for (const [, set] of text.matchAll(/@(\w+)/g)) if (!table.sets.has(set ?? '')) missing(`@${set ?? ''}`);
    for (const [, chain] of text.matchAll(/goto (\w+)/g)) if (!table.chains.has(chain ?? '')) missing(chain ?? '');
    const { rules } = table.chains.get(of) ?? missing(of);
    if (verb === 'insert') rules.unshift({ text, comment });
    else rules.push({ text, comment });
  }
}

function tableCommand(tables: Map<string, Table>, verb: string, name: string): void {
  if (verb === 'delete') {
    if (!tables.delete(name)) missing(name);
  } else if (!tables.has(name)) tables.set(name, { sets: new Map(), chains: new Map(), others: [] });
  else if (verb === 'create') refuse('File exists', name);
}

const isUsed = (table: Table, what: string): boolean =>
  [...table.chains.values()].some(({ rules }) => rules.some(({ text }) => new RegExp(`${what}\\b`).test(text)));

function setCommand(table: Table, verb: string, name: string, rest: string): void {
  const set = table.sets.get(name);
  if (verb === 'flush' || verb === 'delete') {
    if (set === undefined) return missing(name);
    if (verb === 'flush') set.elements.clear();
    else if (isUsed(table, `@${name}`)) refuse('Device or resource busy', name);
    else table.sets.delete(name);
    return;
  }
  const type = /type ([^;]*);/.exec(rest)?.[1] ?? '';
  const flags = /flags ([^;]*);/.exec(rest)?.[1];
  const [keys = '', value] = type.split(' : ');
  const made = definition([keys], value, flags === undefined ? [] : [flags]);
  if (set !== undefined && (verb === 'create' || set.definition !== made)) refuse('File exists', name);
  if (set === undefined) table.sets.set(name, { definition: made, elements: new Map() });
}

function elementCommand(table: Table, verb: string, name: string, rest: string): void {
  const { elements } = table.sets.get(name) ?? missing(name);
  for (const text of rest.replace(/^ \{ | \}$/g, '').split(', ')) {
    const [, key = '', comment, value] = /^(.*?)(?: comment "([^"]*)")?(?: : (.*))?$/.exec(text) ?? [];
    if (verb === 'delete') {
      if (!elements.delete(key)) missing(key);
    } else if (elements.has(key)) refuse('File exists', text);
    else elements.set(key, [value, comment].filter((word) => word !== undefined).join(' '));
  }
}

function chainCommand(table: Table, verb: string, name: string, rest: string): void {
  const chain = table.chains.get(name);
  if (verb === 'flush' || verb === 'delete') {
    if (chain === undefined) return missing(name);
    if (verb === 'flush') chain.rules.length = 0;
    else if (chain.rules.length > 0 || isUsed(table, `goto ${name}`)) refuse('Device or resource busy', name);
    else table.chains.delete(name);
    return;
  }
  const [, type, hook, priority] = /type (\w+) hook (\w+) priority (-?\d+)/.exec(rest) ?? [];
  const policy = PRIORITIES[/policy (\w+)/.exec(rest)?.[1] ?? ''];
  if (chain === undefined) {
    const base = type === undefined ? '' : `${type} ${hook ?? ''} ${priority ?? ''} ${policy ?? 'accept'}`;
    table.chains.set(name, { base, rules: [] });
  } else if (policy !== undefined) chain.base = chain.base.replace(/\w+$/, policy);
}
