import { ContractError, parseDesiredState, parseStatusReport } from './desired-state.schema.js';
import type { DesiredState, StatusReport } from './desired-state.js';

const good: DesiredState = {
  gateway: { id: '1', name: 'lab', externalAddress: '192.0.2.1', networks: ['10.20.0.0/16', 'fd00::/64'] },
  generation: 7,
  maps: [
    {
      id: 'a',
      ruleId: 'berth1:0123456789abcdef',
      protocol: 'tcp',
      connectionPort: 22_600,
      address: '10.20.3.7',
      targetPort: 22,
    },
    {
      id: 'b',
      sources: ['198.51.100.0/24', '203.0.113.7/32'],
      ruleId: 'berth1:0123456789abcdee',
      protocol: 'udp',
      connectionPort: 22_600,
      address: '10.20.3.7',
      targetPort: 53,
    },
  ],
  removing: [{ id: 'c', ruleId: 'berth1:0123456789abcdea' }],
};
const [first] = good.maps;

const withMap = (change: object): unknown => ({ ...good, maps: [{ ...first, ...change }] });
const withGateway = (change: object): unknown => ({ ...good, gateway: { ...good.gateway, ...change } });

it('takes a good desired state as it is, after a trip through JSON', () => {
  expect(parseDesiredState(JSON.parse(JSON.stringify(good)))).toEqual(good);
});

it.each<[string, unknown, RegExp]>([
  ['nothing', null, /desired state must be an object/],
  ['a list', [], /desired state must be an object/],
  ['a missing member', { ...good, generation: undefined }, /generation must be a whole number/],
  ['a member it does not know', { ...good, allow: [] }, /unknown member "allow"/],
  ['a map member it does not know', withMap({ until: 'noon' }), /maps\[0\] has the unknown member "until"/],
  ['an empty list of sources', withMap({ sources: [] }), /maps\[0\]\.sources must be 1 to 64 networks/],
  ['a source of the other family', withMap({ sources: ['fd00::/64'] }), /sources\[0\] must be an IPv4 network/],
  ['a source with host bits', withMap({ sources: ['198.51.100.7/24'] }), /sources\[0\] must be a network/],
  ['everybody as a source', withMap({ sources: ['0.0.0.0/0'] }), /narrower than everybody/],
  ['a source twice', withMap({ sources: ['10.0.0.0/8', '10.0.0.0/8'] }), /network 10.0.0.0\/8 twice/],
  ['a generation below 0', { ...good, generation: -1 }, /generation/],
  ['a fraction', { ...good, generation: 1.5 }, /generation/],
  ['maps that are no list', { ...good, maps: {} }, /maps must be a list/],
  ['port 0', withMap({ connectionPort: 0 }), /maps\[0\]\.connectionPort must be a whole number from 1 to 65535/],
  ['port 65536', withMap({ targetPort: 65_536 }), /maps\[0\]\.targetPort/],
  ['a port as text', withMap({ connectionPort: '22' }), /maps\[0\]\.connectionPort/],
  ['another protocol', withMap({ protocol: 'sctp' }), /one of tcp, udp/],
  ['no address', withMap({ address: '10.20.3.7; reboot' }), /maps\[0\]\.address/],
  ['an address not in canonical text', withMap({ address: 'FD00::7' }), /canonical/],
  ['an address of the other family', withMap({ address: 'fd00::7' }), /IPv4 address/],
  ['a rule id of another form', withMap({ ruleId: 'berth1:x" -j ACCEPT' }), /16 hex digits/],
  ['an id of 10,000 characters', withMap({ id: 'x'.repeat(10_000) }), /maps\[0\]\.id/],
  ['an external address that is none', withGateway({ externalAddress: 'gw.example' }), /gateway\.externalAddress/],
  ['a network with host bits', withGateway({ networks: ['10.20.0.1/16'] }), /gateway\.networks\[0\]/],
  ['a network not in canonical text', withGateway({ networks: ['fd00:0::/64'] }), /canonical/],
  ['a map twice', { ...good, maps: [first, { ...good.maps[1], id: 'a' }] }, /map a twice/],
  ['a rule twice', { ...good, maps: [first, { ...good.maps[1], ruleId: first?.ruleId }] }, /rule .* twice/],
  ['a port twice', { ...good, maps: [first, { ...good.maps[1], protocol: 'tcp' }] }, /port tcp 22600 twice/],
  [
    'a map both wanted and removed',
    { ...good, removing: [{ id: 'a', ruleId: 'berth1:ffffffffffffffff' }] },
    /same time/,
  ],
])('refuses %s', (_what, document, message) => {
  expect(() => parseDesiredState(document)).toThrow(ContractError);
  expect(() => parseDesiredState(document)).toThrow(message);
});

const report: StatusReport = {
  generation: 7,
  mode: 'apply',
  maps: [{ id: 'a', ruleId: 'berth1:0123456789abcdef', status: 'failed', reason: 'no room' }],
  gone: ['c'],
};

it('takes a good status report as it is', () => {
  expect(parseStatusReport(JSON.parse(JSON.stringify(report)))).toEqual(report);
});

it.each<[string, unknown]>([
  ['a status it does not know', { ...report, maps: [{ ...report.maps[0], status: 'removing' }] }],
  ['an empty reason', { ...report, maps: [{ ...report.maps[0], reason: '' }] }],
  ['another mode', { ...report, mode: 'dry' }],
  ['a map twice', { ...report, maps: [report.maps[0], report.maps[0]] }],
  ['gone ids that are no text', { ...report, gone: [3] }],
])('refuses a report with %s', (_what, document) => {
  expect(() => parseStatusReport(document)).toThrow(ContractError);
});
