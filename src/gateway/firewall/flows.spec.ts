import { contentsOf, deleteArguments } from './flows.js';

it('selects exactly the connections of one map', () => {
  expect(deleteArguments(4, { protocol: 'udp', connectionPort: 5_300, target: '10.20.0.2:53' })).toEqual([
    ...['-D', '-f', 'ipv4', '-p', 'udp', '--orig-port-dst', '5300'],
    ...['--dst-nat', '--reply-src', '10.20.0.2', '--reply-port-src', '53'],
  ]);
  expect(deleteArguments(6, { protocol: 'tcp', connectionPort: 1, target: '[fd00::2]:22' }).slice(-4)).toEqual([
    ...['--reply-src', 'fd00::2', '--reply-port-src', '22'],
  ]);
});

it('reads the maps that have connections out of a listing', () => {
  const listing = `tcp      6 431999 ESTABLISHED src=192.0.2.2 dst=192.0.2.1 sport=40000 dport=22600 src=10.20.0.2 dst=192.0.2.2 sport=22 dport=40000 [ASSURED] mark=0 use=1
ipv6     10 udp      17 29 src=2001:db8::2 dst=2001:db8::1 sport=1000 dport=53 [UNREPLIED] src=fd00::2 dst=2001:db8::2 sport=5300 dport=1000 mark=0 use=1
icmp     1 29 src=192.0.2.2 dst=192.0.2.1 type=8 code=0 id=1 src=192.0.2.1 dst=192.0.2.2 type=0 code=0 id=1 mark=0 use=1
garbage
`;
  expect([...contentsOf(listing)]).toEqual(['tcp/22600/10.20.0.2/22', 'udp/53/fd00::2/5300']);
});
