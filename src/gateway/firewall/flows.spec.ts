import type { Flow } from './content.js';
import { connectionsByFlow, connectionsOf, deleteArguments, deletionsFor } from './flows.js';

it('selects exactly the connections of one map', () => {
  expect(deleteArguments(4, { protocol: 'udp', connectionPort: 5_300, target: '10.20.0.2:53' })).toEqual([
    ...['-D', '-f', 'ipv4', '-p', 'udp', '--orig-port-dst', '5300'],
    ...['--dst-nat', '--reply-src', '10.20.0.2', '--reply-port-src', '53'],
  ]);
  expect(deleteArguments(6, { protocol: 'tcp', connectionPort: 1, target: '[fd00::2]:22' }).slice(-4)).toEqual([
    ...['--reply-src', 'fd00::2', '--reply-port-src', '22'],
  ]);
});

const LISTING = `tcp      6 431999 ESTABLISHED src=192.0.2.2 dst=192.0.2.1 sport=40000 dport=22600 src=10.20.0.2 dst=192.0.2.2 sport=22 dport=40000 [ASSURED] mark=0 use=1
ipv6     10 udp      17 29 src=2001:db8::2 dst=2001:db8::1 sport=1000 dport=53 [UNREPLIED] src=fd00::2 dst=2001:db8::2 sport=5300 dport=1000 mark=0 use=1
udp      17 29 src=192.0.2.2 dst=192.0.2.1 sport=4000 dport=53 [UNREPLIED] src=192.0.2.1 dst=192.0.2.2 sport=53 dport=4000 mark=0 use=1
udp      17 29 src=10.20.0.3 dst=192.0.2.1 sport=4001 dport=53 src=192.0.2.1 dst=10.20.0.3 sport=53 dport=4001 [ASSURED] mark=0 use=1
icmp     1 29 src=192.0.2.2 dst=192.0.2.1 type=8 code=0 id=1 src=192.0.2.1 dst=192.0.2.2 type=0 code=0 id=1 mark=0 use=1
garbage
`;

it('reads connections out of a listing', () => {
  expect(
    connectionsOf(LISTING).map(({ protocol, caller, connectionPort, answerer }) =>
      [protocol, caller, connectionPort, answerer].join(' '),
    ),
  ).toEqual([
    'tcp 192.0.2.2 22600 10.20.0.2:22',
    'udp 2001:db8::2 53 [fd00::2]:5300',
    'udp 192.0.2.2 53 192.0.2.1:53',
    'udp 10.20.0.3 53 192.0.2.1:53',
  ]);
});

describe('what is deleted after a listing', () => {
  const deleted = (flow: Flow): string[] =>
    [...connectionsByFlow([flow], LISTING)].flatMap(([one, found]) =>
      deletionsFor(4, one, found).map((args) => args.slice(4).join(' ')),
    );
  const dns = { protocol: 'udp' as const, connectionPort: 53 };
  const ssh = { protocol: 'tcp' as const, connectionPort: 22_600 };

  it.each<[string, Flow, string[]]>([
    [
      'one command for a flow that goes as a whole',
      { ...ssh, target: '10.20.0.2:22' },
      ['tcp --orig-port-dst 22600 --dst-nat --reply-src 10.20.0.2 --reply-port-src 22'],
    ],
    ['nothing for a flow without connections', { ...ssh, target: '10.20.0.3:22' }, []],
    ['nothing of callers that are kept', { ...ssh, target: '10.20.0.2:22', keep: ['192.0.2.0/24'] }, []],
    ['nothing translated when untranslated flows are meant, and the reverse', { ...dns, target: '192.0.2.1:53' }, []],
    [
      'what began before there was a map',
      { ...dns, target: '=192.0.2.1:53' },
      ['udp --orig-port-dst 53 --orig-dst 192.0.2.1 --reply-src 192.0.2.1 --reply-port-src 53'],
    ],
    [
      'of that, what the map now lets in, by the exact tuple',
      { ...dns, target: '=192.0.2.1:53', only: ['10.20.0.0/16'] },
      [
        'udp --orig-port-dst 53 --orig-dst 192.0.2.1 --reply-src 192.0.2.1 --reply-port-src 53 --orig-src 10.20.0.3 --orig-port-src 4001',
      ],
    ],
  ])('%s', (_what, flow, expected) => {
    expect(deleted(flow)).toEqual(expected);
  });
});
