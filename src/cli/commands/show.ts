import { Argument, type Command } from 'commander';
import { usage } from '../failure.js';
import { examples } from '../options/examples.js';
import { listing, type Filter, type ListOptions } from '../options/listing.js';
import { LEASES, POOLS, RESERVATIONS, SUBNETS } from '../resources/addressing.js';
import { COMPONENTS, GATEWAYS, PORT_MAPS } from '../resources/forwarding.js';
import { showCounters } from '../resources/counters.js';
import { showList } from '../resources/show.js';
import { withSession, type Session } from '../session.js';

type Showing = (session: Session, options: ListOptions) => Promise<void>;

const NOUNS: Readonly<Record<string, { filters: readonly Filter[]; show: Showing }>> = {
  components: { filters: COMPONENTS.filters, show: (session, options) => showList(session, COMPONENTS, options) },
  portmaps: { filters: PORT_MAPS.filters, show: (session, options) => showList(session, PORT_MAPS, options) },
  gateways: { filters: GATEWAYS.filters, show: (session, options) => showList(session, GATEWAYS, options) },
  pools: { filters: POOLS.filters, show: (session, options) => showList(session, POOLS, options) },
  subnets: { filters: SUBNETS.filters, show: (session, options) => showList(session, SUBNETS, options) },
  reservations: { filters: RESERVATIONS.filters, show: (session, options) => showList(session, RESERVATIONS, options) },
  leases: { filters: LEASES.filters, show: (session, options) => showList(session, LEASES, options) },
};

export function showCommand(program: Command): void {
  const what = new Argument('[what]', 'what to show, in the plural or the singular').default('components');
  // Set by itself: choices() would refuse the singular.
  what.argChoices = Object.keys(NOUNS);
  const command = program.command('show').addArgument(what).description('show what there is, as a table');
  listing(command, ['owner', 'kind', 'gateway', 'component', 'address', 'status'])
    .option('--counters', 'of port maps: connections, packets and bytes, and when last used')
    .action(withSession(show));
  examples(
    command,
    'vlab show',
    'vlab show portmap --status failed',
    'vlab show portmap --counters',
    'vlab show leases --address 10.0.0.7',
    'vlab show components --owner ann --all --json',
  );
}

/** `Port-Map` is `portmaps`. */
function plural(text: string): string {
  const word = text.toLowerCase().replaceAll(/[-_ ]/g, '');
  return word.endsWith('s') ? word : `${word}s`;
}

const OWN_FILTERS = ['owner', 'kind', 'gateway', 'component', 'address', 'status'] as const;

async function show(
  session: Session,
  what: string,
  { counters, ...options }: ListOptions & { counters?: boolean },
): Promise<void> {
  const noun = Object.hasOwn(NOUNS, plural(what)) ? NOUNS[plural(what)] : undefined;
  if (noun === undefined) {
    throw usage(`${JSON.stringify(what)} is nothing that can be shown: choose ${Object.keys(NOUNS).join(', ')}.`);
  }
  const unfit = OWN_FILTERS.find((filter) => options[filter] !== undefined && !noun.filters.includes(filter));
  if (unfit !== undefined) throw usage(`--${unfit} does not go with ${what}.`);
  if (counters !== true) return noun.show(session, options);
  if (plural(what) !== 'portmaps') throw usage('--counters goes with portmaps only.');
  await showCounters(session, options);
}
