import { expect, it } from '@jest/globals';
import { bitsOf, checkedAddress, formatAddress } from './address.js';
import { hostmask, lengthOfNetmask, netmask } from './mask.js';

it.each([
  [4, 0, '0.0.0.0', '255.255.255.255'],
  [4, 20, '255.255.240.0', '0.0.15.255'],
  [4, 32, '255.255.255.255', '0.0.0.0'],
  [6, 0, '::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  [6, 64, 'ffff:ffff:ffff:ffff::', '::ffff:ffff:ffff:ffff'],
  [6, 128, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '::'],
] as const)('IPv%i /%i: netmask %s, hostmask %s', (family, length, net, host) => {
  expect(formatAddress(netmask(family, length))).toBe(net);
  expect(formatAddress(hostmask(family, length))).toBe(host);
});

it('lengthOfNetmask undoes netmask for every length', () => {
  for (const family of [4, 6] as const) {
    for (let length = 0; length <= bitsOf(family); length++) {
      expect(lengthOfNetmask(netmask(family, length))).toBe(length);
    }
  }
});

it.each(['255.0.255.0', '0.0.0.1', '0.255.255.255', '::1', 'ff00:ffff::'])('%s is no netmask', (text) => {
  expect(lengthOfNetmask(checkedAddress(text))).toBeUndefined();
});
