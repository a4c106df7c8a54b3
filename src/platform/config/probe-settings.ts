import { always, integer, oneOf } from './setting.js';

/** Settings of `berth gateway` about the machines behind it. */
export const PROBE = {
  scope: always({
    name: 'PROBE',
    description:
      "What a gateway in apply mode probes: nothing; the addresses that its port maps lead to; or also every address of the networks that the gateway declares, of up to 65,536 addresses each, to find what answers though nobody holds it. Never anything outside the gateway's networks.",
    expects: '"off", "maps" or "networks"',
    default: 'maps',
    parse: oneOf('off', 'maps', 'networks'),
  }),
  intervalSeconds: always({
    name: 'PROBE_INTERVAL_SECONDS',
    description: 'How often each address is looked at; sooner after a look that differs from what is known.',
    expects: 'a whole number from 1 to 86400',
    default: '300',
    parse: integer(1, 86_400),
  }),
  sweepSeconds: always({
    name: 'PROBE_SWEEP_SECONDS',
    description: "With PROBE=networks: how long after a sweep of the gateway's networks the next begins.",
    expects: 'a whole number from 1 to 604800',
    default: '3600',
    parse: integer(1, 604_800),
  }),
  rate: always({
    name: 'PROBE_RATE',
    description: 'Packets a second that a gateway probes with at most, pings and connections together.',
    expects: 'a whole number from 1 to 50000',
    default: '500',
    parse: integer(1, 50_000),
  }),
  timeoutMs: always({
    name: 'PROBE_TIMEOUT_MS',
    description: 'How long a machine has for an answer.',
    expects: 'a whole number of milliseconds from 50 to 10000',
    default: '2000',
    parse: integer(50, 10_000),
  }),
  attempts: always({
    name: 'PROBE_ATTEMPTS',
    description: 'Pings to a silent machine at each look.',
    expects: 'a whole number from 1 to 10',
    default: '3',
    parse: integer(1, 10),
  }),
} as const;
