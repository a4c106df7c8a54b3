import { Option, type Command } from 'commander';
import { answer } from '../client/answer.js';
import { usage } from '../failure.js';
import {
  changed,
  described,
  describing,
  redescribed,
  redescribing,
  type Describing,
  type Redescribing,
} from '../options/describing.js';
import { network, repeatedAs, whole } from '../options/parsers.js';
import { POOLS } from '../resources/addressing.js';
import { findId } from '../resources/find.js';
import { withSession, type Session } from '../session.js';
import { resourceGroup, tell } from './group.js';

interface PoolSettings {
  readonly policy?: (typeof POLICIES)[number];
  readonly quarantine?: number;
  readonly reuseEarly?: boolean;
  readonly supernet?: readonly string[];
  readonly clearSupernets?: boolean;
  readonly dnsZone?: string;
  readonly dnsServer?: string;
  readonly dnsKey?: string;
  readonly dnsTtl?: number;
  readonly dnsReverseZone?: readonly string[];
  readonly clearDns?: boolean;
}

const POLICIES = ['first', 'random', 'least-recently-released'] as const;
const YEAR = 31_536_000;
const DAY = 86_400;

/** --policy, --quarantine, --reuse-early, --supernet and --dns-... */
const settling = (command: Command): Command =>
  command
    .addOption(new Option('--policy <policy>', 'which free address a request gets that names none').choices(POLICIES))
    .option('--quarantine <seconds>', 'how long a released address rests (0: not at all)', whole(0, YEAR))
    .option('--reuse-early', 'give resting addresses before their time when nothing else is left')
    .option('--no-reuse-early', 'never give an address before its rest is over')
    .option(
      '--supernet <network>',
      'a network that its subnets are carved from; may be given again',
      repeatedAs(network),
    )
    .option('--dns-zone <zone>', 'keep the names of leases in DNS, in this zone')
    .option('--dns-server <server>', 'primary server of the zone, with :port perhaps')
    .option('--dns-key <name>', 'which key of DNS_KEYS signs the updates')
    .option('--dns-ttl <seconds>', 'for how long others may remember a record', whole(0, DAY))
    .option(
      '--dns-reverse-zone <zone>',
      'a zone of the same server for PTR records; may be given again',
      repeatedAs((zone) => zone),
    );

interface Settled {
  policy?: (typeof POLICIES)[number];
  quarantine?: number;
  reuseEarly?: boolean;
  supernets?: string[];
  dns?: Dns | null;
}

interface Dns {
  zone?: string;
  server?: string;
  key?: string;
  ttl?: number;
  reverseZones?: string[];
}

function settled({ policy, quarantine, reuseEarly, supernet, clearSupernets, ...more }: PoolSettings): Settled {
  if (clearSupernets === true && supernet !== undefined) throw usage('Give --supernet or --clear-supernets, not both.');
  const supernets = clearSupernets === true ? [] : supernet;
  return {
    ...(policy === undefined ? {} : { policy }),
    ...(quarantine === undefined ? {} : { quarantine }),
    ...(reuseEarly === undefined ? {} : { reuseEarly }),
    ...(supernets === undefined ? {} : { supernets: [...supernets] }),
    ...settledDns(more),
  };
}

function settledDns(options: PoolSettings): Pick<Settled, 'dns'> {
  const { dnsZone: zone, dnsServer: server, dnsKey: key, dnsTtl: ttl, dnsReverseZone: reverse, clearDns } = options;
  const dns: Dns = {
    ...(zone === undefined ? {} : { zone }),
    ...(server === undefined ? {} : { server }),
    ...(key === undefined ? {} : { key }),
    ...(ttl === undefined ? {} : { ttl }),
    ...(reverse === undefined ? {} : { reverseZones: [...reverse] }),
  };
  const some = Object.keys(dns).length > 0;
  if (clearDns === true && some) throw usage('Give --clear-dns or other --dns options, not both.');
  return clearDns === true ? { dns: null } : some ? { dns } : {};
}

export function poolCommands(program: Command): void {
  const group = resourceGroup(program, 'pool', POOLS, {
    examples: [
      'vlab pool create --name lab --tag berlin',
      'vlab pool create --name guests --policy random --quarantine 86400',
      'vlab pool create --name sites --supernet 10.0.0.0/8 --supernet 2001:db8::/32',
      'vlab pool update lab --dns-zone lab.example.org --dns-server ns1.example.org --dns-key berth',
      'vlab pool list',
      'vlab pool update lab --name lab-1 --no-reuse-early',
    ],
  });
  settling(describing(group.command('create').description('make a pool'))).action(
    withSession(async (session: Session, options: Describing & PoolSettings) => {
      const body = { ...described(options), ...settled(options) };
      await tell(session, answer(await session.api.POST('/pools', { body })));
    }),
  );
  settling(
    redescribing(group.command('update').argument('<pool>', 'name or id of the pool').description('change a pool')),
  )
    .option('--clear-dns', 'take the names of its leases out of DNS')
    .option('--clear-supernets', 'let subnets lie anywhere; refused while it has subnets')
    .action(
      withSession(async (session: Session, text: string, options: Redescribing & PoolSettings) => {
        const body = changed({ ...redescribed(options), ...settled(options) });
        const path = { id: await findId(session, POOLS, text) };
        await tell(session, answer(await session.api.PATCH('/pools/{id}', { params: { path }, body })));
      }),
    );
}
