import { Option, type Command } from 'commander';
import { repeated, whole } from './parsers.js';

export const FILTERS = {
  owner: ['--owner <owner>', 'only those of this owner'],
  address: ['--address <address>', 'only those with this address'],
  within: ['--within <network>', 'only those with addresses inside this network, such as 10.0.0.0/8'],
  contains: ['--contains <address>', 'only those that contain this address or network'],
  gateway: ['--gateway <gateway>', 'only those of this gateway (name or id)'],
  component: ['--component <component>', 'only those of this component (name or id)'],
  kind: ['--kind <kind>', 'only those of this kind'],
  status: ['--status <status>', 'only those with this status'],
} as const;

export type Filter = keyof typeof FILTERS;

/** By what every list sorts; commander lets no other through than those that the API has for the list. */
export type Sort = 'id' | '-id';

export type ListOptions = { readonly [F in Filter]?: string } & {
  readonly name?: string;
  readonly namePrefix?: string;
  readonly tag?: string[];
  readonly metadata?: string[];
  readonly limit?: number;
  readonly sort?: Sort;
  readonly all?: boolean;
};

/** Options of a list, with the filters that the API has for it. */
export function listing(command: Command, filters: readonly Filter[], sorts?: readonly string[]): Command {
  command
    .option('-n, --name <name>', 'only those of exactly this name')
    .option('--name-prefix <text>', 'only those whose name begins with this')
    .option('--tag <tag>', 'only those with this tag; several: with all of them', repeated)
    .option('--metadata <path:value>', 'only those with this in their metadata, such as rack.slot:12', repeated);
  for (const filter of filters) {
    const [flags, description] = FILTERS[filter];
    const option = new Option(flags, description);
    if (filter === 'status') option.choices(['pending', 'active', 'failed', 'drifted', 'removing']);
    command.addOption(option);
  }
  if (sorts !== undefined) {
    const choices = ['id', ...sorts].flatMap((key) => [key, `-${key}`]);
    command.addOption(new Option('--sort <key>', 'order; with - before it backwards (default: id)').choices(choices));
  }
  return command
    .option('--limit <number>', 'how many at most (default: 100)', whole(1, 1000))
    .option('-a, --all', 'all there are');
}
