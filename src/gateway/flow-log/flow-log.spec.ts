import { describe, expect, it } from '@jest/globals';
import type { DesiredMap, DesiredState } from '../../contract/desired-state.js';
import { parseConnectionEvent, type ConnectionEvent } from './connection-event.js';
import { MapIndex } from './map-index.js';
import { subjectOf } from './nats-target.js';
import { flowRecord } from './record.js';
import { syslogFrame } from './syslog-target.js';
import { UsageMeter } from './usage-meter.js';
import { fernet, vlabPayload } from './vlab-shape.js';

const NEW =
  '[1893456000.250000]\t    [NEW] tcp      6 120 SYN_SENT src=192.0.2.2 dst=192.0.2.1 sport=48884 dport=22600 [UNREPLIED] src=10.20.0.2 dst=192.0.2.2 sport=22 dport=48884';
const END =
  '[1893456001.5] [DESTROY] tcp      6 src=192.0.2.2 dst=192.0.2.1 sport=48884 dport=22600 packets=6 bytes=400 src=10.20.0.2 dst=192.0.2.2 sport=22 dport=48884 packets=4 bytes=300 [ASSURED]';

const event = (line: string): ConnectionEvent => {
  const parsed = parseConnectionEvent(line);
  if (parsed === undefined) throw new Error(`not an event: ${line}`);
  return parsed;
};
const map: DesiredMap = {
  id: '0123456789abcdef01234567',
  ruleId: 'berth1:0123456789abcdef',
  protocol: 'tcp',
  connectionPort: 22_600,
  address: '10.20.0.2',
  targetPort: 22,
  labels: { owner: 'ann', name: 'ssh', component: 'vm1' },
};
const state = (...maps: DesiredMap[]): DesiredState => ({
  gateway: { id: 'g', name: 'lab', externalAddress: '192.0.2.1', networks: [] },
  generation: 1,
  maps,
  removing: [],
});

describe('a connection event', () => {
  it('is read from what conntrack writes', () => {
    const ends = { protocol: 'tcp', source: '192.0.2.2', sourcePort: 48_884, destination: '192.0.2.1' };
    const target = { connectionPort: 22_600, target: '10.20.0.2', targetPort: 22 };
    expect(event(NEW)).toEqual({ kind: 'new', at: 1_893_456_000_250, ...ends, ...target, packets: 0, bytes: 0 });
    expect(event(END)).toEqual({ kind: 'end', at: 1_893_456_001_500, ...ends, ...target, packets: 10, bytes: 700 });
    expect(event(NEW.replaceAll('192.0.2', '2001:db8:').replace('10.20.0.2', 'fd00::2'))).toMatchObject({
      target: 'fd00::2',
      targetPort: 22,
    });
    expect(parseConnectionEvent(NEW.replace('tcp', 'icmp'))).toBeUndefined();
    expect(parseConnectionEvent('conntrack v1.4.7 (conntrack-tools): 3 flow events have been shown.')).toBeUndefined();
  });

  it('belongs to the map of its port and its target, and to a removed one for ten minutes', () => {
    const index = new MapIndex();
    expect(index.find(event(NEW))).toBeUndefined();
    index.know(state(map), 0);
    expect(index.find(event(NEW))).toBe(map);
    expect(index.find(event(NEW.replaceAll('10.20.0.2', '10.20.0.3')))).toBeUndefined();
    const range = { ...map, id: 'range', connectionPort: 30_000, targetPort: 100, size: 10 };
    index.know(state(map, range), 0);
    expect(index.find({ ...event(NEW), connectionPort: 30_009, targetPort: 109 })).toBe(range);
    expect(index.find({ ...event(NEW), connectionPort: 30_010, targetPort: 110 })).toBeUndefined();
    index.know(state(), 1_000);
    index.know(state(), 600_999);
    expect(index.find(event(END))).toBe(map);
    index.know(state(), 601_000);
    expect(index.find(event(END))).toBeUndefined();
  });
});

describe('usage', () => {
  it('is summed by map and day, and told again when it was not acknowledged', () => {
    const meter = new UsageMeter(true);
    meter.count(map, event(NEW));
    const first = meter.take();
    expect(meter.take().usage).toEqual([]);
    first.giveBack();
    meter.count(map, event(END));
    meter.count(map, { ...event(NEW), source: '192.0.2.9', at: 1_893_456_100_000 });
    meter.count(map, { ...event(NEW), at: 1_893_542_400_000 });
    const [one, two] = meter.take().usage;
    const at = '2030-01-01T00:00:01.500Z';
    expect(one).toEqual({
      id: map.id,
      day: '2030-01-01',
      ...{ connections: 2, packets: 10, bytes: 700, lastUsed: '2030-01-01T00:01:40.000Z' },
      clients: [
        { address: '192.0.2.2', connections: 1, bytes: 700, lastUsed: at },
        { address: '192.0.2.9', connections: 1, bytes: 0, lastUsed: '2030-01-01T00:01:40.000Z' },
      ],
      otherConnections: 0,
      ...map.labels,
    });
    expect(two).toMatchObject({ day: '2030-01-02', connections: 1 });
  });

  it('names at most twenty clients, counts the rest, and none where that is not wanted', () => {
    const meter = new UsageMeter(true);
    for (let client = 0; client < 300; client++) meter.count(map, { ...event(NEW), source: `198.51.100.${client}` });
    meter.count(map, { ...event(NEW), source: '198.51.100.7' });
    const [usage] = meter.take().usage;
    expect(usage).toMatchObject({ connections: 301, otherConnections: 280 });
    expect(usage?.clients).toHaveLength(20);
    expect(usage?.clients[0]).toMatchObject({ address: '198.51.100.7', connections: 2 });
    const silent = new UsageMeter(false);
    silent.count(map, event(NEW));
    expect(silent.take().usage).toMatchObject([{ connections: 1, clients: [], otherConnections: 1 }]);
  });
});

describe('a record', () => {
  const record = flowRecord('id-1', 'lab', { ...event(NEW), at: 1_541_079_056_693 }, map);

  it('names map, component and owner', () => {
    expect(record).toMatchObject({ portMap: map.id, name: 'ssh', component: 'vm1', owner: 'ann', target: '10.20.0.2' });
  });

  it('is one RFC 5424 message with its length in bytes before it', () => {
    const frame = syslogFrame('my gate', { time: record.time, body: '{"ü":1}' });
    expect(frame).toBe('63 <134>1 2018-11-01T13:30:56.693Z my_gate berth - flow - {"ü":1}');
    expect(Buffer.byteLength(frame.slice(frame.indexOf(' ') + 1))).toBe(Number(frame.split(' ')[0]));
  });

  it('has the shape of the original vLab, as Fernet has it', () => {
    const payload = vlabPayload({ ...record, source: '10.20.0.9', target: '192.168.1.20', owner: 'alice' });
    expect(payload).toBe('{"time":1541079056,"source":"10.20.0.9","target":"192.168.1.20","user":"alice"}');
    const key = Buffer.alloc(32, 7).toString('base64url') + '=';
    expect(fernet(key, payload)).toMatch(/^gAAAAAB[\w-]+={0,2}$/);
    expect(fernet(key, payload)).toHaveLength(184);
    // The example of the Fernet specification (generate.json).
    const iv = Buffer.from([...Array(16).keys()]);
    expect(fernet('cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=', 'hello', 499_162_800_000, iv)).toBe(
      'gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==',
    );
    expect(() => fernet('changeME', payload)).toThrow('32 bytes');
  });

  it('goes to a subject of the gateway that NATS can have', () => {
    expect([subjectOf('lab-1'), subjectOf('a.b *>ü')]).toEqual(['flows.lab-1', 'flows.a_b____']);
  });
});
