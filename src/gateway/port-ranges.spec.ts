import { describe, expect, it } from '@jest/globals';
import type { DesiredMap, DesiredState, ObservedStatus, RemovedMap, StatusReport } from '../contract/desired-state.js';
import { parseDesiredState } from '../contract/desired-state.schema.js';
import { ruleId } from '../contract/rule-id.js';
import { parted, PortRanges } from './port-ranges.js';

const content = { protocol: 'udp', connectionPort: 50_000, address: '10.20.0.7', targetPort: 4_000 } as const;
const range: DesiredMap = { id: 'r', ruleId: ruleId({ ...content, size: 3 }), ...content, size: 3 };
const single: DesiredMap = {
  id: 's',
  ruleId: ruleId({ ...content, connectionPort: 22 }),
  ...content,
  connectionPort: 22,
};
const gone: RemovedMap = {
  id: 'g',
  ruleId: 'berth1:000000000000000a',
  range: { ...content, connectionPort: 51_000, size: 2 },
};
const state = (maps: DesiredMap[], removing: RemovedMap[] = []): DesiredState => ({
  gateway: { id: '1', name: 'lab', externalAddress: '192.0.2.1', networks: [] },
  generation: 1,
  maps,
  removing,
});
const report = (standing: Record<string, ObservedStatus>, removed: string[] = []): StatusReport => ({
  generation: 1,
  mode: 'apply',
  maps: Object.entries(standing).map(([id, status]) => ({
    ...{ id, ruleId: `rule of ${id}`, status },
    reason: status === 'active' ? null : `why ${id}`,
  })),
  gone: removed,
});

describe('a map of several ports', () => {
  it('is as many maps of one port, each with the identity of its own content', () => {
    const { maps, removing } = parted(parseDesiredState(state([single, range], [gone])));
    expect(maps.map(({ connectionPort, targetPort }) => [connectionPort, targetPort])).toEqual([
      [22, 4_000],
      [50_000, 4_000],
      [50_001, 4_001],
      [50_002, 4_002],
    ]);
    for (const map of maps) expect(map.ruleId).toBe(ruleId(map));
    expect(maps.every((map) => !('size' in map))).toBe(true);
    expect(new Set([...maps, ...removing].map(({ id }) => id)).size).toBe(6);
    expect(removing[1]?.ruleId).toBe(ruleId({ ...content, connectionPort: 51_001, targetPort: 4_001 }));
    expect(range.ruleId).not.toBe(maps[1]?.ruleId);
  });

  it('leaves a state of single ports alone', () => {
    const plain = state([single]);
    expect(parted(plain)).toBe(plain);
  });

  it('keeps its parts while it stays the same', () => {
    const ranges = new PortRanges();
    const [first] = ranges.expand(state([range])).maps;
    expect(ranges.expand(state([single, { ...range }])).maps[1]).toBe(first);
    expect(ranges.expand(state([{ ...range, ruleId: single.ruleId }])).maps[0]).not.toBe(first);
  });

  it('is told once all its ports are known, as the worst of them', () => {
    const ranges = new PortRanges();
    ranges.expand(state([single, range]));
    const told = (standing: Record<string, ObservedStatus>): unknown =>
      ranges.collapse(report(standing)).maps.map(({ id, status, reason }) => [id, status, reason]);
    expect(told({ s: 'active', 'r#0': 'active', 'r#1': 'active' })).toEqual([['s', 'active', null]]);
    expect(told({ 'r#2': 'active' })).toEqual([['r', 'active', null]]);
    expect(told({ 'r#1': 'drifted' })).toEqual([['r', 'drifted', 'port 50001: why r#1']]);
    expect(told({ 'r#0': 'failed', 'r#2': 'failed' })).toEqual([
      ['r', 'failed', 'port 50000 and 1 more of 3: why r#0'],
    ]);
    expect(told({ 'r#0': 'active', 'r#1': 'active', 'r#2': 'active' })).toEqual([['r', 'active', null]]);
    expect(ranges.collapse(report({ 'r#0': 'active' })).maps[0]?.ruleId).toBe(range.ruleId);
  });

  it('is gone once all its ports are', () => {
    const ranges = new PortRanges();
    ranges.expand(state([], [gone, { id: 'x', ruleId: single.ruleId }]));
    expect(ranges.collapse(report({}, ['g#0', 'x'])).gone).toEqual(['x']);
    expect(ranges.collapse(report({}, ['g#1', 'g#0'])).gone).toEqual(['g']);
  });
});

describe('the contract', () => {
  it.each<[string, object, RegExp]>([
    ['one port as a range', { size: 1 }, /size must be a whole number from 2 to 1024/],
    ['too many', { size: 1_025 }, /size must be/],
    [
      'a last connection port that is none',
      { connectionPort: 65_534 },
      /connectionPort must be a whole number from 1 to 65533/,
    ],
    ['a last target port that is none', { targetPort: 65_534 }, /targetPort must be/],
    ['a port of another map', { connectionPort: 20, protocol: 'udp' }, /port udp 22 twice/],
  ])('refuses %s', (_what, change, message) => {
    expect(() => parseDesiredState(state([single, { ...range, ...change }]))).toThrow(message);
  });
});
