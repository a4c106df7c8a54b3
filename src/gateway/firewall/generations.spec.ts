import { Generations, suspicionOf, touchesIptables, touchesNft, type Touches } from './generations.js';

const END = '# new generation 3669 by process 12664 (iptables-restor)';
function read(touches: Touches, ...lines: string[]): unknown {
  const generations = new Generations(touches);
  for (const line of lines) expect(generations.read(line)).toBeUndefined();
  const generation = generations.read(END);
  expect(generation).toMatchObject({ pid: 12_664, program: 'iptables-restor' });
  return generation?.parts.length === 0 ? 'nothing' : suspicionOf(generation?.parts ?? []);
}
const scope = (buckets: string[], frame = false): unknown => ({ buckets: new Set(buckets), frame });

it.each<[string, unknown]>([
  ['add element ip berth m11 { tcp . 22600 : 10.20.3.7 . 22 }', scope(['m11'])],
  ['delete element ip6 berth f3 { tcp . 6144 . fd00::/8 : fd00::7 . 22 }', scope(['m3'])],
  ['delete element ip berth notes { 0x1 . 0x2 comment "berth1:state:1:0" }', scope([], true)],
  ['insert rule ip berth s11 return', scope([], true)],
  ['delete rule ip berth s0 handle 8', scope([], true)],
  ['delete table ip berth', 'anything'],
  ['add table ip berth', 'anything'],
  ['add element ip berthlike m11 { tcp . 22600 : 10.20.3.7 . 22 }', 'nothing'],
  ['add element inet site m11 { 10.0.0.1 }', 'nothing'],
  ['delete table ip nat', 'nothing'],
  ['# ERROR: We lost some netlink events!', 'anything'],
])('nft: %s', (line, expected) => {
  expect(read(touchesNft, line)).toEqual(expected);
});

it.each<[string, unknown]>([
  ['add rule ip nat BERTH-T58 meta l4proto tcp counter packets 0 bytes 0 return', scope(['BERTH-T58'])],
  ['delete rule ip6 nat BERTH-U0A handle 2', scope(['BERTH-U0A'])],
  ['delete chain ip nat BERTH-T5', scope([], true)],
  ['delete rule ip nat PREROUTING handle 4', scope([], true)],
  ['delete rule ip filter FORWARD handle 4', scope([], true)],
  ['add rule ip nat PREROUTING  counter packets 0 bytes 0 jump BERTH-T58', scope([], true)],
  ['add rule ip nat PREROUTING meta l4proto udp counter packets 0 bytes 0 accept', 'nothing'],
  ['delete rule ip filter INPUT handle 4', 'nothing'],
  ['delete table ip nat', 'anything'],
  ['add table ip nat', 'nothing'],
  ['add element ip berth m11 { tcp . 22600 : 10.20.3.7 . 22 }', 'nothing'],
])('iptables: %s', (line, expected) => {
  expect(read(touchesIptables, line)).toEqual(expected);
});

it('takes the lines of one commit together, and forgets them with it', () => {
  const generations = new Generations(touchesNft);
  generations.read('add element ip berth m1 { tcp . 2048 : 10.20.3.7 . 22 }');
  generations.read('add element ip berth m2 { tcp . 4096 : 10.20.3.7 . 22 }');
  const { parts = [] } = generations.read('# new generation 1 by process 7 (a (b) c)') ?? {};
  expect(suspicionOf(parts)).toEqual(scope(['m1', 'm2']));
  expect(generations.read(END)?.parts).toEqual([]);
});
