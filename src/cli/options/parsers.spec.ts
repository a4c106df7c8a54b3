import { describe, expect, it } from '@jest/globals';
import { destination, hostRange, jsonValue, portRange, wantedPort, whole } from './parsers.js';

describe('wantedPort', () => {
  it.each([
    ['22', { targetPort: 22 }],
    ['53/udp', { targetPort: 53, protocol: 'udp' }],
    ['RDP=50000', { targetPort: 'rdp', connectionPort: 50000 }],
    ['22=50010', { targetPort: 22, connectionPort: 50010 }],
    ['53/UDP=50053', { targetPort: 53, protocol: 'udp', connectionPort: 50053 }],
    ['65535/tcp=1', { targetPort: 65535, protocol: 'tcp', connectionPort: 1 }],
  ])('reads %s', (text, wanted) => expect(wantedPort(text)).toEqual(wanted));

  it.each(['', '0', '65536', '22=0', '22=65536', '22/sctp', '22=', '=22', '22/udp/tcp', ' 22', '-1', '2e1', '22,23'])(
    'refuses %j',
    (text) => expect(() => wantedPort(text)).toThrow(/^It must be/),
  );
});

describe('destination', () => {
  it.each([
    ['10.20.0.7:22', { address: '10.20.0.7', targetPort: 22 }],
    ['10.20.0.7', { address: '10.20.0.7' }],
    ['[2001:DB8::7]:22', { address: '2001:db8::7', targetPort: 22 }],
    ['[2001:db8::7]', { address: '2001:db8::7' }],
    ['2001:db8::7', { address: '2001:db8::7' }],
  ])('reads %s', (text, wanted) => expect(destination(text)).toEqual(wanted));

  it.each(['', 'host:22', '10.20.0.7:', '10.20.0.7:0', '10.20.0.7:70000', '10.20.0.300:22', '[10.20.0.7:22', ':22'])(
    'refuses %j',
    (text) => expect(() => destination(text)).toThrow(/^It must be/),
  );
});

describe('portRange', () => {
  it('reads a protocol with its ports', () => {
    expect(portRange('tcp=50000-50100')).toEqual({ protocol: 'tcp', first: 50000, last: 50100 });
  });
  it.each(['50000-50100', 'tcp=50000', 'tcp=0-1', 'tcp=1-65536', 'sctp=1-2'])('refuses %j', (text) =>
    expect(() => portRange(text)).toThrow(/^It must be/),
  );
});

describe('hostRange', () => {
  it.each([
    ['10.0.0.0/24', '10.0.0.1', '10.0.0.254'],
    ['10.0.0.0/8', '10.0.0.1', '10.255.255.254'],
    ['10.0.0.0/30', '10.0.0.1', '10.0.0.2'],
    ['10.0.0.0/31', '10.0.0.0', '10.0.0.1'],
    ['10.0.0.7/32', '10.0.0.7', '10.0.0.7'],
    ['2001:db8::/64', '2001:db8::1', '2001:db8::ffff:ffff:ffff:ffff'],
    ['2001:db8::/126', '2001:db8::1', '2001:db8::3'],
    ['2001:db8::/127', '2001:db8::', '2001:db8::1'],
  ])('of %s: %s to %s', (network, start, end) => expect(hostRange(network)).toEqual({ start, end }));

  it.each(['10.0.0.1/24', '10.0.0.0', '10.0.0.0/33', 'lab'])('refuses %j', (text) =>
    expect(() => hostRange(text)).toThrow(/^It must be/),
  );
});

describe('jsonValue', () => {
  it('keeps the text', () =>
    expect(jsonValue(' {"n": 12345678901234567890} ').text).toBe('{"n": 12345678901234567890}'));
  it('refuses what is no JSON', () => expect(() => jsonValue('{')).toThrow(/^It must be JSON/));
});

it('whole() takes digits only, within its limits', () => {
  expect(whole(1, 100)('100')).toBe(100);
  for (const text of ['0', '101', '1.5', '0x10', '', '١']) expect(() => whole(1, 100)(text)).toThrow('from 1 to 100');
});
