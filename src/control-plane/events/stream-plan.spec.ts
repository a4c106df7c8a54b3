import { describe, expect, it } from '@jest/globals';
import { newStream, planStream, type StreamSettings } from './stream-plan.js';

const DAY_NS = 86_400 * 1e9;
const NOW = new Date('2026-01-31T00:00:00Z');
const NOUNS = ['pool', 'lease'];
const OURS: StreamSettings = { name: 'BERTH', prefix: 'ipam' };
const config = { subjects: ['ipam.pool.>', 'ipam.lease.>'], num_replicas: 1, max_age: 30 * DAY_NS, max_bytes: -1 };
const stored = { messages: 10, bytes: 5_000_000, first_ts: '2026-01-21T00:00:00Z' };

const plan = (settings: Partial<StreamSettings>, more: object = {}, state: object = {}) =>
  planStream({ ...OURS, ...settings }, NOUNS, { ...config, ...more }, { ...stored, ...state }, NOW);

describe('the plan for the stream', () => {
  it('changes nothing where nothing is asked for', () => {
    expect(plan({})).toEqual({ change: {}, left: [] });
    expect(plan({}, { max_age: 0, num_replicas: 3, max_bytes: 1_000 })).toEqual({ change: {}, left: [] });
  });

  it('adds the subjects that are missing and keeps those of others', () => {
    expect(plan({}, { subjects: ['orders.>', 'ipam.pool.>'] }).change).toEqual({
      subjects: ['orders.>', 'ipam.pool.>', 'ipam.lease.>'],
    });
    expect(plan({ prefix: 'site.ipam' }).change.subjects).toEqual([
      ...config.subjects,
      ...['site.ipam.pool.>', 'site.ipam.lease.>'],
    ]);
    expect(plan({}, { subjects: ['>'] }).change).toEqual({});
    expect(plan({}, { subjects: ['orders.>', 'ipam.>'] }).change).toEqual({});
  });

  it('makes room for requests in a stream of the version before', () => {
    expect(plan({}, { subjects: ['ipam.>'] }).change).toEqual({ subjects: config.subjects });
  });

  it('narrows limits only to what is stored, and says what it left', () => {
    expect(plan({ maxAgeDays: 11, maxBytes: 5_000_000, replicas: 3 })).toEqual({
      change: { max_age: 11 * DAY_NS, max_bytes: 5_000_000, num_replicas: 3 },
      left: [],
    });
    const narrow = plan({ maxAgeDays: 10, maxBytes: 4_999_999 });
    expect(narrow.change).toEqual({});
    expect(narrow.left).toEqual([expect.stringMatching(/^max_age: /), expect.stringMatching(/^max_bytes: /)]);
    expect(plan({ maxAgeDays: 0 }).change).toEqual({ max_age: 0 });
    expect(plan({ maxAgeDays: 1 }, {}, { messages: 0, first_ts: '0001-01-01T00:00:00Z' }).change).toEqual({
      max_age: DAY_NS,
    });
  });

  it('refuses a stream that takes no events', () => {
    expect(plan({}, { sealed: true }).unfit).toBe('it is sealed');
    expect(plan({}, { no_ack: true }).unfit).toMatch(/acknowledges nothing/);
    expect(plan({}, { mirror: { name: 'OTHER' } }).unfit).toBe('it is a mirror');
  });

  it('makes a new one as the site says', () => {
    expect(newStream({ ...OURS, replicas: 3, maxAgeDays: 7, maxBytes: 1_000 }, NOUNS)).toMatchObject({
      ...{ name: 'BERTH', subjects: config.subjects, num_replicas: 3, max_age: 7 * DAY_NS, max_bytes: 1_000 },
    });
    expect(newStream(OURS, NOUNS)).toMatchObject({ num_replicas: 1, max_age: 30 * DAY_NS, max_bytes: -1 });
  });
});
