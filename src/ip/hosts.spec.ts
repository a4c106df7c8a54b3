import { describe, expect, it } from '@jest/globals';
import { formatAddress, type Address } from './address.js';
import { checkedCidr } from './cidr.js';
import { broadcastAddress, hostsOf, networkAddress, routerAnycast } from './hosts.js';

const text = (address: Address | undefined): string | undefined =>
  address === undefined ? undefined : formatAddress(address);

describe('the addresses of a network with a meaning of their own', () => {
  it.each([
    ['10.0.0.0/24', '10.0.0.0', '10.0.0.255', undefined],
    ['10.0.0.4/30', '10.0.0.4', '10.0.0.7', undefined],
    ['10.0.0.4/31', undefined, undefined, undefined], // RFC 3021
    ['10.0.0.4/32', undefined, undefined, undefined],
    ['255.255.255.0/24', '255.255.255.0', '255.255.255.255', undefined],
    ['0.0.0.0/0', '0.0.0.0', '255.255.255.255', undefined],
    ['2001:db8::/64', undefined, undefined, '2001:db8::'], // RFC 4291 section 2.6.1
    ['2001:db8::4/126', undefined, undefined, '2001:db8::4'],
    ['2001:db8::4/127', undefined, undefined, undefined], // RFC 6164
    ['2001:db8::4/128', undefined, undefined, undefined],
  ])('%s: network %s, broadcast %s, routers %s', (cidr, network, broadcast, anycast) => {
    const of = checkedCidr(cidr);
    expect([text(networkAddress(of)), text(broadcastAddress(of)), text(routerAnycast(of))]).toEqual([
      network,
      broadcast,
      anycast,
    ]);
  });

  it.each([
    ['10.0.0.0/24', '10.0.0.1', '10.0.0.254'],
    ['10.0.0.4/30', '10.0.0.5', '10.0.0.6'],
    ['10.0.0.4/31', '10.0.0.4', '10.0.0.5'],
    ['10.0.0.4/32', '10.0.0.4', '10.0.0.4'],
    ['255.255.255.254/31', '255.255.255.254', '255.255.255.255'],
    ['2001:db8::/64', '2001:db8::1', '2001:db8::ffff:ffff:ffff:ffff'],
    ['2001:db8::/126', '2001:db8::1', '2001:db8::3'],
    ['2001:db8::/127', '2001:db8::', '2001:db8::1'],
    ['::1/128', '::1', '::1'],
  ])('%s leaves %s to %s to machines', (cidr, first, last) => {
    const { family, first: from, last: to } = hostsOf(checkedCidr(cidr));
    expect([formatAddress({ family, value: from }), formatAddress({ family, value: to })]).toEqual([first, last]);
  });
});
