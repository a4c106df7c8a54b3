import { describe, expect, it } from '@jest/globals';
import { historyPlace, moment } from './place.js';

describe('historyPlace', () => {
  it.each([
    ['10.1.2.3', { address: '10.1.2.3' }],
    ['2001:DB8::7', { address: '2001:db8::7' }],
    ['203.0.113.1:10012', { address: '203.0.113.1', port: { protocol: 'tcp', number: 10012 } }],
    ['203.0.113.1:53/UDP', { address: '203.0.113.1', port: { protocol: 'udp', number: 53 } }],
    ['[2001:db8::7]:443/tcp', { address: '2001:db8::7', port: { protocol: 'tcp', number: 443 } }],
  ])('reads %s', (text, place) => expect(historyPlace(text)).toEqual(place));

  it.each(['', 'host:22', '10.1.2.3/24', '10.1.2.3:0', '10.1.2.3:70000', '10.1.2.3:1/sctp', '10.1.2.3/tcp', ':22'])(
    'refuses %j',
    (text) => expect(() => historyPlace(text)).toThrow(/^It must be/),
  );
});

describe('moment', () => {
  it.each([
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T12:00:00.5+02:00', '2026-01-31T10:00:00.500Z'],
    ['2026-01-31 12:00', new Date(2026, 0, 31, 12).toISOString()],
    ['2026-01-31', new Date(2026, 0, 31).toISOString()],
  ])('reads %s', (text, time) => expect(moment(text)).toBe(time));

  it.each(['', 'yesterday', '1', '2026-13-01', '2026-01-31T25:00', '31.1.2026'])('refuses %j', (text) =>
    expect(() => moment(text)).toThrow(/^It must be/),
  );
});
