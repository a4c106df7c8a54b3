import { describe, expect, it } from '@jest/globals';
import { bodyType, prefersJson, vendorMediaType, VENDOR_TYPES } from './media-type.js';

describe('bodyType', () => {
  it.each([
    ['application/vnd.ipam.pool+json; version=1.0.0', 'vendor'],
    ['application/vnd.ipam.pool; version=1.0.0', 'vendor'],
    ['APPLICATION/VND.IPAM.POOL+JSON; VERSION=1.0.0', 'vendor'],
    ['application/vnd.ipam.pool+json; version="1.0.0"', 'vendor'],
    ['application/vnd.ipam.pool+json;charset=utf-8 ;version=1.0.0', 'vendor'],
    ['application/json', 'json'],
    ['application/json; charset=utf-8', 'json'],
  ])('reads %s as %s', (type, read) => {
    expect(bodyType(type, 'pool', 'POST')).toBe(read);
  });

  it.each([
    undefined,
    '',
    '+json; version=""',
    'json',
    'application/vnd.ipam.subnet+json; version=1.0.0',
    'application/vnd.ipam.pools+json; version=1.0.0',
    'application/vnd.ipam.pool+xml; version=1.0.0',
    'application/vnd.ipam.pool+json; version=1.0.1',
    'application/vnd.ipam.pool+json; version=1',
    'application/vnd.ipam.pool+json; version=',
    'application/vnd.ipam.pool+json',
    'application/vnd.ipam.pool+json; version=1.0.0, application/json',
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/merge-patch+json',
  ])('does not read %s', (type) => {
    expect(bodyType(type, 'pool', 'POST')).toBeUndefined();
  });

  it('reads merge-patch on PATCH only, and vendor types on their own routes only', () => {
    expect(bodyType('application/merge-patch+json', undefined, 'PATCH')).toBe('merge-patch');
    expect(bodyType('application/merge-patch+json', undefined, 'PUT')).toBeUndefined();
    expect(bodyType('application/vnd.ipam.pool+json; version=1.0.0', undefined, 'POST')).toBeUndefined();
  });
});

describe('prefersJson', () => {
  it.each([
    [undefined, false],
    ['', false],
    ['*/*', false],
    ['application/*', false],
    ['text/html', false],
    ['application/json', true],
    ['application/json;q=0', false],
    ['application/json;q=0.000', false],
    ['text/html, application/json;q=0.1', true],
    ['application/json, application/vnd.ipam.pool+json; version=1.0.0', false],
    ['application/json;q=0.5, application/vnd.ipam.pool+json;version=1.0.0;q=0.4', true],
    ['application/vnd.ipam.pool, application/json', false],
    ['application/json, application/vnd.ipam.pools+json; version=1.0.0', true],
    ['Application/JSON', true],
    ['application/json; q=nonsense', false],
    [';;;,,,', false],
  ])('%s: %s', (accept, json) => {
    expect(prefersJson(accept, 'pool')).toBe(json);
  });
});

it('writes all eight types as the clients compare them', () => {
  expect(VENDOR_TYPES.map(vendorMediaType)).toEqual(
    ['pool', 'pools', 'subnet', 'subnets', 'reservation', 'reservations', 'lease', 'leases'].map(
      (type) => `application/vnd.ipam.${type}+json; version=1.0.0`,
    ),
  );
});
